package org.windtunnel.cli;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import org.windtunnel.backend.cuda.DeviceException;
import org.windtunnel.launch.WorkerMessage;
import org.windtunnel.launch.WorkerMessage.Assign;
import org.windtunnel.launch.WorkerMessage.AssignPack;
import org.windtunnel.launch.WorkerMessage.Finished;
import org.windtunnel.launch.WorkerMessage.OfPack;
import org.windtunnel.launch.WorkerMessage.Progress;
import org.windtunnel.launch.WorkerMessage.Skipped;
import org.windtunnel.record.RunDirectoryException;
import org.windtunnel.record.RunStatus;
import org.windtunnel.train.PackExecutor;
import org.windtunnel.train.Preemption;
import org.windtunnel.train.RunExecutor;
import org.windtunnel.train.RunJob;
import org.windtunnel.train.RunOutcome;
import org.windtunnel.train.Speed;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** A worker process of {@code sweep}: reads runs from standard input, reports on standard output. */
@Command(name = "worker", hidden = true, description = "Internal: does the runs that a sweep hands out.")
final class WorkerCommand implements Callable<Integer> {
    private static final long PROGRESS_NANOS = 200_000_000;

    @Parameters(index = "0", paramLabel = "SWEEP_DIR")
    private Path sweepDirectory;

    private PrintStream out;
    private final Map<String, Long> lastProgress = new ConcurrentHashMap<>();
    /** Whether only another process can use the GPU again; the sweep starts one, and has it go on with what is open. */
    private volatile boolean lostDevice;

    @Override
    public Integer call() throws InterruptedException {
        out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        // Whatever a library prints must not be taken for a message.
        System.setOut(System.err);
        BlockingQueue<Optional<WorkerMessage>> jobs = new LinkedBlockingQueue<>();
        Preemption preemption = new Preemption();
        Thread reader = new Thread(() -> read(jobs, preemption), "assignments");
        reader.setDaemon(true);
        reader.start();
        PackExecutor packs = new PackExecutor(Path.of(""), preemption);
        try (Signals signals = Signals.listen(name -> {
                    preemption.request(name);
                    jobs.add(Optional.empty());
                });
                RunExecutor executor = new RunExecutor(Path.of(""), preemption)) {
            Optional<WorkerMessage> job = jobs.take();
            while (job.isPresent() && preemption.reason() == null) {
                if (job.get() instanceof AssignPack pack) {
                    // What a run before has left open, this GPU's memory above all.
                    executor.close();
                    execute(packs, pack.runs(), preemption);
                } else {
                    WorkerMessage end = execute(executor, (Assign) job.get());
                    if (!lostDevice) {
                        out.println(end.toLine());
                    }
                }
                job = preemption.reason() == null && !lostDevice ? jobs.take() : Optional.empty();
            }
        }
        if (lostDevice) {
            return ExitCode.FAILED.code();
        }
        return (preemption.reason() == null ? ExitCode.DONE : ExitCode.PREEMPTED).code();
    }

    /** Ends what is under way, resumably, when the sweep is gone. */
    private static void read(BlockingQueue<Optional<WorkerMessage>> jobs, Preemption preemption) {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                jobs.add(Optional.of(WorkerMessage.parse(line)));
            }
        } catch (IOException e) {
            // The pipe broke, which means the same.
        }
        preemption.request("the sweep was stopped");
        jobs.add(Optional.empty());
    }

    private WorkerMessage execute(RunExecutor executor, Assign job) {
        try {
            return ended(executor.execute(Experiments.job(job), sweepDirectory.resolve(job.runId()),
                    (step, steps, loss, speed) -> {
                        if (isDue(job.runId())) {
                            out.println(new Progress(step, steps, loss, speed.tokensPerSecond()).toLine());
                        }
                    }));
        } catch (RuntimeException | OutOfMemoryError | LinkageError e) {
            return failed(e);
        }
    }

    private static Finished ended(RunOutcome outcome) {
        return new Finished(outcome.status(), outcome.evalLoss(), outcome.wallSeconds(), outcome.reason(), false);
    }

    private WorkerMessage failed(Throwable e) {
        if (e instanceof DeviceException device && device.isLost()) {
            System.err.println(e.getMessage());
            lostDevice = true;
        }
        if (e instanceof RunDirectoryException directory) {
            return directory.kind() == RunDirectoryException.Kind.OWNED
                    ? new Skipped(e.getMessage())
                    : new Finished(RunStatus.FAILED, Double.NaN, 0, e.getMessage(), true);
        }
        if (ExitCode.of(e) == null) {
            e.printStackTrace();
        }
        return new Finished(RunStatus.FAILED, Double.NaN, 0, String.valueOf(e.getMessage()), false);
    }

    private boolean isDue(String runId) {
        long now = System.nanoTime();
        Long last = lastProgress.get(runId);
        if (last != null && now - last < PROGRESS_NANOS) {
            return false;
        }
        lastProgress.put(runId, now);
        return true;
    }

    private void execute(PackExecutor packs, List<Assign> runs, Preemption preemption) {
        List<RunJob> jobs = runs.stream().map(Experiments::job).toList();
        List<Path> directories = runs.stream().map(run -> sweepDirectory.resolve(run.runId())).toList();
        packs.execute(jobs, directories, new PackExecutor.Listener() {
            private void say(int run, WorkerMessage message) {
                out.println(new OfPack(runs.get(run).runId(), message).toLine());
            }

            @Override
            public void progress(int run, long step, long steps, double loss, Speed speed) {
                if (isDue(runs.get(run).runId())) {
                    say(run, new Progress(step, steps, loss, speed.tokensPerSecond()));
                }
            }

            @Override
            public void ended(int run, RunOutcome outcome) {
                say(run, WorkerCommand.ended(outcome));
            }

            @Override
            public void failed(int run, Throwable cause) {
                WorkerMessage end = WorkerCommand.this.failed(cause);
                if (!lostDevice) {
                    say(run, end);
                }
            }

            @Override
            public void left(int run) {
                say(run, new Finished(RunStatus.PREEMPTED, Double.NaN, 0, preemption.reason(), false));
            }
        });
    }
}
