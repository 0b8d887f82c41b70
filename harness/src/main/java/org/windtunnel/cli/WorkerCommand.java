package org.windtunnel.cli;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import org.windtunnel.launch.WorkerMessage;
import org.windtunnel.launch.WorkerMessage.Assign;
import org.windtunnel.launch.WorkerMessage.Finished;
import org.windtunnel.launch.WorkerMessage.Progress;
import org.windtunnel.record.RunDirectoryException;
import org.windtunnel.record.RunStatus;
import org.windtunnel.train.RunExecutor;
import org.windtunnel.train.RunOutcome;
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
        BlockingQueue<Assign> jobs = new LinkedBlockingQueue<>();
        Thread reader = new Thread(() -> read(jobs), "assignments");
        reader.setDaemon(true);
        reader.start();
        try (RunExecutor executor = new RunExecutor(Path.of(""))) {
            while (true) {
                out.println(execute(executor, jobs.take()).toLine());
            }
        }
    }

    /** Ends the process when the sweep is gone: a run without a marker is done again by the next sweep. */
    private static void read(BlockingQueue<Assign> jobs) {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                jobs.add((Assign) WorkerMessage.parse(line));
            }
        } catch (IOException e) {
            // The pipe broke, which means the same.
        }
        Runtime.getRuntime().halt(ExitCode.DONE.code());
    }

    private Finished execute(RunExecutor executor, Assign job) {
        try {
            RunOutcome outcome = executor.execute(
                    Experiments.job(job), sweepDirectory.resolve(job.runId()), this::progress);
            return new Finished(outcome.status(), outcome.evalLoss(), outcome.wallSeconds(), outcome.reason(), false);
        } catch (RunDirectoryException e) {
            boolean fatal = e.kind() == RunDirectoryException.Kind.NOT_WRITABLE;
            return new Finished(RunStatus.FAILED, Double.NaN, 0, e.getMessage(), fatal);
        } catch (RuntimeException | OutOfMemoryError | LinkageError e) {
            if (ExitCode.of(e) == null) {
                e.printStackTrace();
            }
            return new Finished(RunStatus.FAILED, Double.NaN, 0, String.valueOf(e.getMessage()), false);
        }
    }

    private void progress(long step, long steps, double loss, double tokensPerSecond) {
        long now = System.nanoTime();
        if (now - lastProgress >= PROGRESS_NANOS) {
            lastProgress = now;
            out.println(new Progress(step, steps, loss, tokensPerSecond).toLine());
        }
    }
}
