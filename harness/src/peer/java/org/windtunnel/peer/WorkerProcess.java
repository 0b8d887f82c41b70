package org.windtunnel.peer;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The parent's handle on a {@link Worker}. */
final class WorkerProcess implements AutoCloseable {
    private static final String HEAP = "-Xmx1g";
    private static final long SECONDS_TO_END = 10;

    private final Side side;
    private final Process process;
    private final Path log;
    private final Writer orders;
    private final BufferedReader answers;
    private final String description;

    /** Starts the process and waits until its model stands. */
    WorkerProcess(Side side, Workload workload, int threads) {
        this.side = side;
        try {
            log = Files.createTempFile("windtunnel-peer-", ".log");
            process = builder(side, workload, threads).redirectError(log.toFile()).start();
        } catch (IOException e) {
            throw new UncheckedIOException("starting " + side.title(), e);
        }
        orders = process.outputWriter(StandardCharsets.US_ASCII);
        answers = process.inputReader(StandardCharsets.UTF_8);
        description = answer();
    }

    private static ProcessBuilder builder(Side side, Workload workload, int threads) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(HEAP, "-XX:+UseSerialGC", "-Dorg.bytedeco.javacpp.maxBytes=0",
                "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0"));
        command.addAll(side.options(threads));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Worker.class.getName(), side.engine(),
                workload.toString(), Integer.toString(threads)));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("OMP_NUM_THREADS", Integer.toString(threads));
        builder.environment().put("MKL_NUM_THREADS", Integer.toString(threads));
        return builder;
    }

    Side side() {
        return side;
    }

    /** What the contestant says of itself. */
    String description() {
        return description;
    }

    /** Lets the contestant do some steps and waits for them. */
    Burst run(int steps) {
        try {
            orders.write(steps + "\n");
            orders.flush();
        } catch (IOException e) {
            throw new IllegalStateException(ended(), e);
        }
        return Burst.parse(answer());
    }

    private String answer() {
        try {
            String line = answers.readLine();
            if (line == null) {
                throw new IllegalStateException(ended());
            }
            return line;
        } catch (IOException e) {
            throw new UncheckedIOException("reading from " + side.title(), e);
        }
    }

    private String ended() {
        try {
            return side.title() + " ended early; it wrote:\n" + Files.readString(log);
        } catch (IOException e) {
            return side.title() + " ended early, and its log cannot be read: " + e.getMessage();
        }
    }

    @Override
    public void close() {
        try {
            orders.close();
            if (!process.waitFor(SECONDS_TO_END, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            Files.deleteIfExists(log);
        } catch (IOException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
