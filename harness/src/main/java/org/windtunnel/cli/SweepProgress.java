package org.windtunnel.cli;

import java.io.PrintStream;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.windtunnel.launch.LocalJob;
import org.windtunnel.launch.SweepListener;
import org.windtunnel.launch.WorkerMessage.Finished;
import org.windtunnel.launch.WorkerMessage.Progress;
import org.windtunnel.record.RunStatus;

/**
 * Shows a sweep: on a terminal one bar with time left, the runs under way and their losses; elsewhere a line for each
 * run that ends.
 */
final class SweepProgress implements SweepListener, AutoCloseable {
    private static final int UNITS = 1000;
    /** Runs under way whose losses the bar has room for. */
    private static final int MOST_SHOWN = 8;

    private final PrintStream out;
    private final int total;
    private final double totalCost;
    private final ProgressBar bar;
    private final long start = System.nanoTime();
    private final Map<LocalJob, Progress> running = new LinkedHashMap<>();
    private final Map<RunStatus, Integer> ended = new EnumMap<>(RunStatus.class);
    private double finishedCost;
    private int finished;
    private int skipped;
    private Finished fatal;

    SweepProgress(PrintStream out, int total, double totalCost, boolean interactive) {
        this.out = out;
        this.total = total;
        this.totalCost = totalCost;
        this.bar = interactive
                ? new ProgressBarBuilder()
                        .setTaskName("sweep")
                        .setInitialMax(UNITS)
                        .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                        .setUpdateIntervalMillis(250)
                        .hideEta()
                        .setConsumer(new ConsoleProgressBarConsumer(out))
                        .build()
                : null;
    }

    @Override
    public void started(LocalJob job) {
        running.put(job, new Progress(0, 1, Double.NaN, 0));
        refresh();
    }

    @Override
    public void progress(LocalJob job, Progress progress) {
        running.put(job, progress);
        refresh();
    }

    @Override
    public void finished(LocalJob job, Finished end) {
        running.remove(job);
        finishedCost += job.cost();
        finished++;
        ended.merge(end.status(), 1, Integer::sum);
        if (end.fatal()) {
            fatal = end;
        }
        if (bar == null) {
            out.printf(
                    "[%d/%d] %s: %s%s, %s, %s left%n",
                    finished,
                    total,
                    job.runId(),
                    end.status(),
                    end.reason() == null ? String.format(", eval loss %.4f", end.evalLoss()) : " (" + end.reason() + ")",
                    Terminal.duration(end.wallSeconds()),
                    timeLeft());
        }
        refresh();
    }

    @Override
    public void skipped(LocalJob job, String reason) {
        running.remove(job);
        finishedCost += job.cost();
        finished++;
        skipped++;
        if (bar == null) {
            out.printf("[%d/%d] %s: left alone (%s)%n", finished, total, job.runId(), reason);
        }
        refresh();
    }

    private double doneCost() {
        double done = finishedCost;
        for (Map.Entry<LocalJob, Progress> e : running.entrySet()) {
            done += e.getKey().cost() * e.getValue().step() / e.getValue().steps();
        }
        return done;
    }

    private String timeLeft() {
        double done = doneCost();
        double elapsed = (System.nanoTime() - start) / 1e9;
        return done <= 0 ? "unknown time" : Terminal.duration(elapsed * (totalCost - done) / done);
    }

    private void refresh() {
        if (bar == null) {
            return;
        }
        bar.stepTo(Math.round(UNITS * doneCost() / totalCost));
        double speed = 0;
        int shown = 0;
        StringBuilder runs = new StringBuilder();
        for (Map.Entry<LocalJob, Progress> e : running.entrySet()) {
            Progress p = e.getValue();
            speed += p.tokensPerSecond();
            if (Double.isFinite(p.loss()) && shown++ < MOST_SHOWN) {
                runs.append(String.format(", %s loss %.3f", e.getKey().assign().slug(), p.loss()));
            }
        }
        bar.setExtraMessage(String.format(
                " %d/%d runs, %s left, %s/s%s", finished, total, timeLeft(), Terminal.count(speed), runs));
    }

    /** Runs that ended so. */
    int count(RunStatus status) {
        return ended.getOrDefault(status, 0);
    }

    /** Runs that another process is at. */
    int skipped() {
        return skipped;
    }

    /** The end that stopped the sweep, or null. */
    Finished fatal() {
        return fatal;
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
