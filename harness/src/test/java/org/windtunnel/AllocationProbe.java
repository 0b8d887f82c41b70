package org.windtunnel;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;

/**
 * Measures what steps allocate on the Java heap, over all threads, in a process of its own: what the just-in-time
 * compiler makes of vector loops depends on what else the process has run.
 */
public final class AllocationProbe {
    /** The lists that a measurement makes are about 1100 bytes; one object a step of 100 would be 1600 more. */
    private static final long LIMIT = 2_400;

    private static final String[] ALLOCATIONS = {"jdk.ObjectAllocationInNewTLAB", "jdk.ObjectAllocationOutsideTLAB"};
    private static final int FRAMES = 2;
    private static final String OURS = AllocationProbe.class.getPackageName() + ".";

    private AllocationProbe() {}

    /** What a process that ran {@link #measure} said. */
    public record Outcome(int status, String output) {}

    /** Runs a main class, which calls {@link #measure}, in a process of its own. */
    public static Outcome process(Class<?> main, String... args) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "--add-modules",
                "jdk.incubator.vector",
                // As the program's own start script does.
                "-XX:CompileCommand=quiet",
                "-XX:CompileCommand=dontinline,org.windtunnel.backend.cpu.VectorMath::exp",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(Arrays.asList(args));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), output);
    }

    /**
     * Ends the process with 0 as soon as a round of steps allocates nothing but what the measurement itself does; with 1
     * if none does, naming the code that allocated.
     *
     * @param round a hundred steps or more
     * @param rounds how many the compiler may take to warm up
     */
    public static void measure(Runnable round, int rounds) throws IOException {
        long bytes = Long.MAX_VALUE;
        for (int i = 0; i < rounds && bytes >= LIMIT; i++) {
            long before = allocated();
            round.run();
            bytes = allocated() - before;
        }
        if (bytes < LIMIT) {
            System.exit(0);
        }
        System.out.println(bytes + " bytes in the last round of " + rounds);
        printSources(round);
        System.exit(1);
    }

    private static long allocated() {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long sum = 0;
        for (long bytes : threads.getThreadAllocatedBytes(threads.getAllThreadIds())) {
            sum += Math.max(0, bytes);
        }
        return sum;
    }

    /** Records some rounds and prints how often which code was seen allocating what. */
    private static void printSources(Runnable round) throws IOException {
        Path file = Files.createTempFile("allocations", ".jfr");
        Instant from;
        try (Recording recording = new Recording()) {
            for (String event : ALLOCATIONS) {
                recording.enable(event).withStackTrace();
            }
            recording.start();
            // Starting makes the compiler begin again with some methods.
            repeat(round, 40);
            from = Instant.now();
            repeat(round, 8);
            recording.dump(file);
        }
        Map<String, Integer> sources = new TreeMap<>();
        for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
            if (event.getStartTime().isAfter(from)) {
                sources.merge(describe(event), 1, Integer::sum);
            }
        }
        sources.forEach((source, count) -> System.out.println(count + " times " + source));
        Files.delete(file);
    }

    private static void repeat(Runnable round, int times) {
        for (int i = 0; i < times; i++) {
            round.run();
        }
    }

    /** The class and the innermost frames of our own code, for the Vector API's own say little. */
    private static String describe(RecordedEvent event) {
        StringBuilder text = new StringBuilder(event.getClass("objectClass").getName());
        if (event.getStackTrace() != null) {
            event.getStackTrace().getFrames().stream()
                    .filter(frame -> frame.getMethod().getType().getName().startsWith(OURS))
                    .limit(FRAMES)
                    .forEach(frame -> append(frame, text));
        }
        return text.toString();
    }

    private static void append(RecordedFrame frame, StringBuilder text) {
        text.append(" < ").append(frame.getMethod().getType().getName());
        text.append('.').append(frame.getMethod().getName()).append(':').append(frame.getLineNumber());
        text.append(" (").append(frame.getType()).append(')');
    }
}
