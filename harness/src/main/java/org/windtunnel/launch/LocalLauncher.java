package org.windtunnel.launch;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import org.windtunnel.launch.WorkerMessage.Finished;
import org.windtunnel.launch.WorkerMessage.Progress;
import org.windtunnel.record.RunStatus;

/**
 * Does the runs of a sweep in worker processes on this machine, longest first.
 *
 * <p>A worker takes one run after another, so its JVM and native libraries start once. A worker that dies takes only its
 * current run with it: the run is reported as failed and another worker is started for the rest. Workers end when
 * their standard input closes, which it does however this process ends.
 */
public final class LocalLauncher {
    private final List<String> command;
    private final Path logDirectory;
    private final SweepListener listener;
    private final Deque<LocalJob> queue = new ArrayDeque<>();
    private boolean stopped;

    /**
     * @param command starts a worker, as {@link #workerCommand} gives it
     * @param logDirectory receives each worker's standard error
     */
    public LocalLauncher(List<String> command, Path logDirectory, SweepListener listener) {
        this.command = List.copyOf(command);
        this.logDirectory = logDirectory;
        this.listener = listener;
    }

    /** This JVM's own options and class path with another main command. */
    public static List<String> workerCommand(String mainClass, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(mainClass);
        command.addAll(List.of(arguments));
        return command;
    }

    /** Does all runs; returns when the last has ended or a worker reported that none can succeed. */
    public void run(List<LocalJob> jobs, int workers) {
        jobs.stream().sorted(Comparator.comparingDouble(LocalJob::cost).reversed()).forEach(queue::add);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < Math.min(workers, jobs.size()); i++) {
            int index = i;
            Thread thread = new Thread(() -> serve(index), "worker-" + i);
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            join(thread);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the sweep ran", e);
        }
    }

    private synchronized LocalJob next() {
        return stopped ? null : queue.poll();
    }

    /** One worker slot: a process, and another one after each that dies, until no run is left. */
    private void serve(int index) {
        LocalJob job = next();
        while (job != null) {
            job = serveOneProcess(index, job);
        }
    }

    /** @return the job to start the next process with, null if none is left */
    private LocalJob serveOneProcess(int index, LocalJob first) {
        LocalJob job = first;
        File log = logDirectory.resolve("worker-" + index + ".log").toFile();
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.appendTo(log))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start a worker process", e);
        }
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
                BufferedWriter in = process.outputWriter(StandardCharsets.UTF_8)) {
            while (job != null) {
                report(job);
                in.write(job.assign().toLine());
                in.newLine();
                in.flush();
                Finished finished = follow(job, out);
                if (finished == null) {
                    break;
                }
                report(job, finished);
                job = next();
            }
        } catch (IOException e) {
            // The pipe broke because the process died; its exit code is reported below.
        }
        if (job == null) {
            return null;
        }
        report(job, new Finished(RunStatus.FAILED, Double.NaN, 0, died(process, log), false));
        return next();
    }

    private static String died(Process process, File log) {
        try {
            return "the worker process ended with code " + process.waitFor() + "; see " + log;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "the worker process ended; see " + log;
        }
    }

    /** Passes progress on until the run ends. @return null if the process died first */
    private Finished follow(LocalJob job, BufferedReader out) throws IOException {
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            WorkerMessage message = WorkerMessage.parse(line);
            if (message instanceof Finished finished) {
                return finished;
            }
            if (message instanceof Progress progress) {
                synchronized (this) {
                    listener.progress(job, progress);
                }
            }
        }
        return null;
    }

    private synchronized void report(LocalJob job) {
        listener.started(job);
    }

    private synchronized void report(LocalJob job, Finished finished) {
        stopped |= finished.fatal();
        listener.finished(job, finished);
    }
}
