package org.windtunnel.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Optional;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.record.RunStatus;
import org.windtunnel.train.Preemption;
import org.windtunnel.train.ProgressListener;
import org.windtunnel.train.RunExecutor;
import org.windtunnel.train.RunJob;
import org.windtunnel.train.RunOutcome;
import org.windtunnel.train.Speed;

/** Executes one run in this process and says how it goes: what {@code train}, {@code resume} and {@code branch} share. */
final class SingleRun {
    private static final long LINE_NANOS = 10_000_000_000L;

    private SingleRun() {}

    /** Trains what is missing of a run. @param again what a user would type to have it trained anew, for the message */
    static ExitCode execute(RunJob job, Path directory, String again) {
        Optional<RunStatus> status = RunDirectory.statusOf(directory);
        if (status.isPresent() && (status.get() == RunStatus.DONE || status.get() == RunStatus.DIVERGED)) {
            System.out.printf("%s is %s already; %s trains it anew%n", directory, status.get(), again);
            return ExitCode.of(status.get());
        }
        return execute(job, directory);
    }

    /** Trains a run; one that is DONE or DIVERGED is trained anew. */
    static ExitCode execute(RunJob job, Path directory) {
        System.out.println(directory);
        Preemption preemption = new Preemption();
        try (Signals signals = Signals.listen(name -> {
                    System.err.println("windtunnel: " + name + ": the run ends after this step, resumably; "
                            + "a second signal ends it at once");
                    preemption.request(name);
                });
                RunExecutor executor = new RunExecutor(Path.of(""), preemption)) {
            RunOutcome outcome = execute(executor, job, directory);
            System.out.printf(
                    "%s after %d steps, %s %s, %s%s%s%n",
                    outcome.status(),
                    outcome.steps(),
                    Terminal.count(outcome.tokens()),
                    job.spec().model().unit(),
                    Terminal.duration(outcome.wallSeconds()),
                    losses(outcome, job.spec().model().unit()),
                    outcome.reason() == null ? "" : " (" + outcome.reason() + ")");
            if (outcome.status() == RunStatus.PREEMPTED) {
                System.out.println("go on with: windtunnel resume " + directory);
            }
            return ExitCode.of(outcome.status());
        }
    }

    private static String losses(RunOutcome outcome, String unit) {
        String train = Double.isNaN(outcome.trainLoss()) ? "" : String.format(", train loss %.4f", outcome.trainLoss());
        String eval = Double.isNaN(outcome.evalLoss()) ? "" : String.format(", eval loss %.4f", outcome.evalLoss());
        return train.isEmpty() && eval.isEmpty()
                ? ""
                : (train + eval).replaceFirst(",", ":") + " nats/" + singular(unit)
                        + (Double.isNaN(outcome.evalError())
                                ? ""
                                : String.format(", eval error %.2f %%", 100 * outcome.evalError()));
    }

    private static String speed(Speed speed, String unit) {
        return Terminal.count(speed.tokensPerSecond()) + " " + unit + "/s"
                + (Double.isNaN(speed.mfu()) ? "" : String.format(", %.1f %% MFU", 100 * speed.mfu()));
    }

    private static String singular(String unit) {
        return unit.substring(0, unit.length() - 1);
    }

    private static RunOutcome execute(RunExecutor executor, RunJob job, Path directory) {
        if (!Terminal.isInteractive()) {
            return executor.execute(job, directory, new Lines(System.out, job.spec().model().unit()));
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
                bar.setExtraMessage(String.format(" loss %.4f, %s", loss, speed(speed, job.spec().model().unit())));
            });
        }
    }

    /** A line every ten seconds, for logs. */
    private static final class Lines implements ProgressListener {
        private final PrintStream out;
        private final String unit;
        private long last;
        private long start;
        private long firstStep = -1;

        Lines(PrintStream out, String unit) {
            this.out = out;
            this.unit = unit;
        }

        @Override
        public void progress(long step, long steps, double loss, Speed speed) {
            long now = System.nanoTime();
            if (firstStep < 0) {
                // A resumed run's earlier steps took no time of this process.
                firstStep = step;
                start = now;
                last = now;
            } else if (now - last >= LINE_NANOS || step == steps) {
                last = now;
                double left = (now - start) / 1e9 * (steps - step) / (step - firstStep);
                out.printf("step %d/%d, loss %.4f, %s, %s left%n",
                        step, steps, loss, speed(speed, unit), Terminal.duration(left));
            }
        }
    }
}
