package org.windtunnel.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.windtunnel.cli.Main;

/** The command line in a process of its own, which can be sent signals. */
public final class Program implements AutoCloseable {
    /** Tells a hang from a machine that is busy. */
    private static final long PATIENCE_SECONDS = 600;

    private final Process process;
    private final Path output;

    private Program(Process process, Path output) {
        this.process = process;
        this.output = output;
    }

    /** @param output receives what it prints, both streams */
    public static Program start(Path output, String... arguments) throws IOException {
        return start(List.of(), output, arguments);
    }

    /** @param prefix words in front of the command, such as a shell that sets limits */
    public static Program start(List<String> prefix, Path output, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(
                "--add-modules",
                "jdk.incubator.vector",
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "-Dorg.bytedeco.javacpp.maxBytes=0",
                "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(List.of(arguments));
        return new Program(new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
                .start(), output);
    }

    /** @param signal TERM, INT, USR1, KILL */
    public void signal(String signal) throws IOException, InterruptedException {
        signal(process.pid(), signal);
    }

    public static void signal(long pid, String signal) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start().waitFor();
    }

    /** Ends it as {@code kill -9} does, with every process that it started. */
    public void kill() throws InterruptedException {
        children().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().waitFor();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    public long pid() {
        return process.pid();
    }

    /** Processes it started. */
    public List<ProcessHandle> children() {
        return process.descendants().toList();
    }

    /** Waits until something holds while the program runs. */
    public void await(BooleanSupplier condition) throws InterruptedException, IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean()) {
            if (!process.isAlive() || System.nanoTime() > end) {
                throw new AssertionError(
                        "the program " + (process.isAlive() ? "took too long" : "ended") + ":\n" + output());
            }
            Thread.sleep(5);
        }
    }

    /** Waits for its end. @return exit code */
    public int exitCode() throws InterruptedException {
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("the program does not end");
        }
        return process.exitValue();
    }

    public String output() throws IOException {
        return Files.readString(output);
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
