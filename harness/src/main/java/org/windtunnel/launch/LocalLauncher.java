package org.windtunnel.launch;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.windtunnel.launch.WorkerMessage.AssignPack;
import org.windtunnel.launch.WorkerMessage.Finished;
import org.windtunnel.launch.WorkerMessage.OfPack;
import org.windtunnel.launch.WorkerMessage.Progress;
import org.windtunnel.launch.WorkerMessage.Skipped;
import org.windtunnel.record.RunStatus;

/**
 * Does the runs of a sweep in worker processes on this machine, longest first, a branch after its trunk.
 *
 * <p>A worker takes one run, or pack of runs, after another, so its JVM and native libraries start once. When a worker
 * dies or is told to stop, another one goes on with its runs from their last checkpoints, a few times. Workers end when
 * their standard input closes, after the step they are in and with its state saved, however this process ends.
 */
public final class LocalLauncher implements Launcher {
    private final List<String> command;
    private final Path logDirectory;
    private final SweepListener listener;
    private final int workers;
    private final Placement placement;
    private final Set<Process> processes = ConcurrentHashMap.newKeySet();
    private JobQueue queue = new JobQueue(List.of());
    private boolean stopped;

    /**
     * @param command starts a worker, as {@link #workerCommand} gives it
     * @param workers processes at a time
     * @param logDirectory receives each worker's standard error
     */
    public LocalLauncher(
            List<String> command, int workers, Placement placement, Path logDirectory, SweepListener listener) {
        this.command = List.copyOf(command);
        this.workers = workers;
        this.placement = placement;
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

    /** Does all runs; returns when the last has ended, after {@link #cancel}, or when none can succeed. */
    @Override
    public void launch(List<LocalJob> jobs) {
        synchronized (this) {
            queue = new JobQueue(jobs);
            if (stopped) {
                queue.stop();
            }
        }
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

    /** None: the runs under way are told by the locks on their directories, and nothing waits elsewhere. */
    @Override
    public Map<String, Held> held() {
        return Map.of();
    }

    /** Has every worker save its run and end; may be called from any thread, more than once. */
    @Override
    public void cancel() {
        synchronized (this) {
            stopped = true;
            queue.stop();
        }
        processes.forEach(LocalLauncher::closeInput);
    }

    private static void closeInput(Process process) {
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            // The process is gone, which is what was wanted.
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

    /** One worker slot: a process, and another one after each that dies, until no run is left. */
    private void serve(int index) {
        try {
            for (List<LocalJob> pack = queue.take(); pack != null; pack = queue.take()) {
                serveOneProcess(index, pack);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Hands runs to one worker process until it ends or none is left. */
    private void serveOneProcess(int index, List<LocalJob> first) throws InterruptedException {
        File log = logDirectory.resolve("worker-" + index + ".log").toFile();
        Process process;
        try {
            process = start(index, log);
        } catch (IOException e) {
            String reason = "cannot start a worker process: " + e.getMessage();
            first.forEach(job -> report(job, new Finished(RunStatus.FAILED, Double.NaN, 0, reason, true)));
            return;
        }
        processes.add(process);
        if (queue.isStopped()) {
            closeInput(process);
        }
        Pack pack = new Pack(first);
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
                BufferedWriter in = process.outputWriter(StandardCharsets.UTF_8)) {
            while (pack != null) {
                pack.open.values().forEach(this::report);
                in.write(pack.assignment().toLine());
                in.newLine();
                in.flush();
                if (!follow(pack, out)) {
                    break;
                }
                for (LocalJob job : queue.again(List.copyOf(pack.preempted.keySet()))) {
                    report(job, pack.preempted.get(job));
                }
                // A worker that was told to stop takes no other run.
                List<LocalJob> next = pack.preempted.isEmpty() ? queue.take() : null;
                pack = next == null ? null : new Pack(next);
            }
        } catch (IOException e) {
            // The pipe broke because the process died or was told to stop; what became of its runs is settled below.
        } finally {
            processes.remove(process);
        }
        if (pack != null) {
            settle(pack, process, log);
        }
    }

    /** What a worker is at: a run, or several at the same time. */
    private static final class Pack {
        private final List<LocalJob> jobs;
        /** By run id: what has not ended. */
        private final Map<String, LocalJob> open = new LinkedHashMap<>();
        private final Map<LocalJob, Finished> preempted = new LinkedHashMap<>();

        Pack(List<LocalJob> jobs) {
            this.jobs = jobs;
            jobs.forEach(job -> open.put(job.runId(), job));
        }

        WorkerMessage assignment() {
            return jobs.size() == 1
                    ? jobs.get(0).assign()
                    : new AssignPack(jobs.stream().map(LocalJob::assign).toList());
        }
    }

    private Process start(int index, File log) throws IOException {
        List<String> words = new ArrayList<>(placement.prefix(index, workers));
        words.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.appendTo(log));
        builder.environment().putAll(placement.environment(index));
        return builder.start();
    }

    /** The process ended without an end of these runs. */
    private void settle(Pack pack, Process process, File log) throws InterruptedException {
        int code = process.waitFor();
        List<LocalJob> unended = new ArrayList<>(pack.open.values());
        unended.addAll(pack.preempted.keySet());
        boolean stopping = queue.isStopped();
        for (LocalJob job : queue.again(unended)) {
            report(job, stopping
                    ? new Finished(RunStatus.PREEMPTED, Double.NaN, 0, "the sweep was stopped", false)
                    : new Finished(RunStatus.FAILED, Double.NaN, 0, "the worker process ended " + JobQueue.ATTEMPTS
                            + " times, the last time with code " + code + "; see " + log, false));
        }
    }

    /** Passes on what the worker says until all of its runs have ended. @return false if the process died first */
    private boolean follow(Pack pack, BufferedReader out) throws IOException {
        while (!pack.open.isEmpty()) {
            String line = out.readLine();
            if (line == null) {
                return false;
            }
            WorkerMessage message = WorkerMessage.parse(line);
            if (message instanceof OfPack of) {
                hear(pack, pack.open.get(of.runId()), of.said());
            } else {
                hear(pack, pack.jobs.get(0), message);
            }
        }
        return true;
    }

    private void hear(Pack pack, LocalJob job, WorkerMessage message) {
        if (message instanceof Progress progress) {
            synchronized (this) {
                listener.progress(job, progress);
            }
        } else if (message instanceof Finished finished && finished.status() == RunStatus.PREEMPTED) {
            pack.open.remove(job.runId());
            pack.preempted.put(job, finished);
        } else if (message instanceof Finished || message instanceof Skipped) {
            pack.open.remove(job.runId());
            report(job, message);
        }
    }

    private synchronized void report(LocalJob job) {
        listener.started(job);
    }

    private synchronized void report(LocalJob job, WorkerMessage end) {
        if (end instanceof Skipped skipped) {
            listener.skipped(job, skipped.reason());
            queue.abandoned(job).forEach(branch -> listener.skipped(branch, "its trunk is another process's"));
            return;
        }
        Finished finished = (Finished) end;
        if (finished.fatal()) {
            queue.stop();
        }
        listener.finished(job, finished);
        if (finished.status() == RunStatus.DONE) {
            queue.finished(job);
        } else {
            String reason = "its trunk " + job.runId() + " is " + finished.status();
            RunStatus status = finished.status() == RunStatus.PREEMPTED ? RunStatus.PREEMPTED : RunStatus.FAILED;
            queue.abandoned(job).forEach(branch ->
                    listener.finished(branch, new Finished(status, Double.NaN, 0, reason, false)));
        }
    }
}
