package org.windtunnel.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.record.RunStatus;
import org.windtunnel.train.ProgressListener;
import org.windtunnel.train.RunExecutor;
import org.windtunnel.train.RunJob;
import org.windtunnel.train.RunOutcome;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code windtunnel train CONFIG}: one run. */
@Command(name = "train", mixinStandardHelpOptions = true, description = "Train one run.")
final class TrainCommand implements Callable<Integer> {
    private static final long LINE_NANOS = 10_000_000_000L;

    @Mixin
    private ExperimentOptions experiment;

    @Option(names = "--again", description = "Train even if the run has ended already; its directory is overwritten")
    private boolean again;

    @Override
    public Integer call() {
        RunJob job = Experiments.single(experiment);
        Path directory = experiment.directory(job.sweep()).resolve(job.runId());
        Optional<RunStatus> status = RunDirectory.statusOf(directory);
        if (status.isPresent() && status.get() != RunStatus.PREEMPTED && !again) {
            System.out.printf("%s is %s already; --again trains it anew%n", directory, status.get());
            return ExitCode.of(status.get()).code();
        }
        System.out.println(directory);
        try (RunExecutor executor = new RunExecutor(Path.of(""))) {
            RunOutcome outcome = execute(executor, job, directory);
            System.out.printf(
                    "%s after %d steps, %s tokens, %s: train loss %.4f, eval loss %.4f nats/token%s%n",
                    outcome.status(),
                    outcome.steps(),
                    Terminal.count(outcome.tokens()),
                    Terminal.duration(outcome.wallSeconds()),
                    outcome.trainLoss(),
                    outcome.evalLoss(),
                    outcome.reason() == null ? "" : " (" + outcome.reason() + ")");
            return ExitCode.of(outcome.status()).code();
        }
    }

    private static RunOutcome execute(RunExecutor executor, RunJob job, Path directory) {
        if (!Terminal.isInteractive()) {
            return executor.execute(job, directory, new Lines(System.out));
        }
        try (ProgressBar bar = new ProgressBarBuilder()
                .setTaskName(job.slug())
                .setUnit(" steps", 1)
                .setUpdateIntervalMillis(250)
                .setConsumer(new ConsoleProgressBarConsumer(System.out))
                .build()) {
            return executor.execute(job, directory, (step, steps, loss, speed) -> {
                bar.maxHint(steps);
                bar.stepTo(step);
                bar.setExtraMessage(String.format(" loss %.4f, %s tok/s", loss, Terminal.count(speed)));
            });
        }
    }

    /** A line every ten seconds, for logs. */
    private static final class Lines implements ProgressListener {
        private final PrintStream out;
        private final long start = System.nanoTime();
        private long last = start;

        Lines(PrintStream out) {
            this.out = out;
        }

        @Override
        public void progress(long step, long steps, double loss, double tokensPerSecond) {
            long now = System.nanoTime();
            if (now - last >= LINE_NANOS || step == steps) {
                last = now;
                double left = (now - start) / 1e9 * (steps - step) / step;
                out.printf("step %d/%d, loss %.4f, %s tok/s, %s left%n",
                        step, steps, loss, Terminal.count(tokensPerSecond), Terminal.duration(left));
            }
        }
    }
}
