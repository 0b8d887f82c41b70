package org.windtunnel.cli;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import org.windtunnel.launch.WorkerMessage;
import org.windtunnel.launch.WorkerMessage.Assign;
import org.windtunnel.launch.WorkerMessage.Finished;
import org.windtunnel.launch.WorkerMessage.Progress;
import org.windtunnel.launch.WorkerMessage.Skipped;
import org.windtunnel.record.RunDirectoryException;
import org.windtunnel.record.RunStatus;
import org.windtunnel.train.Preemption;
import org.windtunnel.train.RunExecutor;
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
    private long lastProgress;

    @Override
    public Integer call() throws InterruptedException {
        out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        // Whatever a library prints must not be taken for a message.
        System.setOut(System.err);
        BlockingQueue<Optional<Assign>> jobs = new LinkedBlockingQueue<>();
        Preemption preemption = new Preemption();
        Thread reader = new Thread(() -> read(jobs, preemption), "assignments");
        reader.setDaemon(true);
        reader.start();
        try (Signals signals = Signals.listen(name -> {
                    preemption.request(name);
                    jobs.add(Optional.empty());
                });
                RunExecutor executor = new RunExecutor(Path.of(""), preemption)) {
            Optional<Assign> job = jobs.take();
            while (job.isPresent() && preemption.reason() == null) {
                out.println(execute(executor, job.get()).toLine());
                job = preemption.reason() == null ? jobs.take() : Optional.empty();
            }
        }
        return (preemption.reason() == null ? ExitCode.DONE : ExitCode.PREEMPTED).code();
    }

    /** Ends the run under way, resumably, when the sweep is gone. */
    private static void read(BlockingQueue<Optional<Assign>> jobs, Preemption preemption) {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                jobs.add(Optional.of((Assign) WorkerMessage.parse(line)));
            }
        } catch (IOException e) {
            // The pipe broke, which means the same.
        }
        preemption.request("the sweep was stopped");
        jobs.add(Optional.empty());
    }

    private WorkerMessage execute(RunExecutor executor, Assign job) {
        try {
            RunOutcome outcome = executor.execute(
                    Experiments.job(job), sweepDirectory.resolve(job.runId()), this::progress);
            return new Finished(outcome.status(), outcome.evalLoss(), outcome.wallSeconds(), outcome.reason(), false);
        } catch (RunDirectoryException e) {
            return e.kind() == RunDirectoryException.Kind.OWNED
                    ? new Skipped(e.getMessage())
                    : new Finished(RunStatus.FAILED, Double.NaN, 0, e.getMessage(), true);
        } catch (RuntimeException | OutOfMemoryError | LinkageError e) {
            if (ExitCode.of(e) == null) {
                e.printStackTrace();
            }
            return new Finished(RunStatus.FAILED, Double.NaN, 0, String.valueOf(e.getMessage()), false);
        }
    }

    private void progress(long step, long steps, double loss, Speed speed) {
        long now = System.nanoTime();
        if (now - lastProgress >= PROGRESS_NANOS) {
            lastProgress = now;
            out.println(new Progress(step, steps, loss, speed.tokensPerSecond()).toLine());
        }
    }
}
