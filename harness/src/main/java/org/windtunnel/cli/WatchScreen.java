package org.windtunnel.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.windtunnel.analysis.Numbers;
import org.windtunnel.analysis.live.LiveRun;
import org.windtunnel.analysis.live.LiveSweep;
import org.windtunnel.analysis.live.RunSnapshot;
import org.windtunnel.analysis.live.RunState;
import org.windtunnel.analysis.live.SweepSnapshot;
import org.windtunnel.analysis.live.Trace.Column;

/** A sweep, or one run, on a terminal of any size. */
final class WatchScreen {
    private static final Ansi[] CURVES = {Ansi.CYAN, Ansi.MAGENTA, Ansi.YELLOW, Ansi.BLUE};
    private static final int MAX_CURVES = CURVES.length;
    private static final int SPARK = 20;

    private final LiveSweep sweep;
    private final String only;

    /** @param only the one run to show, or null for the sweep */
    WatchScreen(LiveSweep sweep, String only) {
        this.sweep = sweep;
        this.only = only;
    }

    /** One line that says it all, for logs. */
    static String line(SweepSnapshot now) {
        StringBuilder line = new StringBuilder(now.name()).append(": ").append(counts(now, false));
        line.append(String.format(Locale.ROOT, "; %.0f %%", 100 * now.progress()));
        if (now.tokensPerSecond() > 0) {
            line.append(", ").append(Terminal.count(now.tokensPerSecond())).append(" tok/s");
        }
        if (Double.isFinite(now.secondsLeft())) {
            line.append(", ").append(Terminal.duration(now.secondsLeft())).append(" left");
        }
        best(now, 1).forEach(run -> line.append(
                String.format(Locale.ROOT, "; best %s eval loss %.4f", name(run), run.evalLoss())));
        return line.toString();
    }

    /** The picture: at most {@code height} lines of at most {@code width} characters. */
    List<String> lines(SweepSnapshot now, int width, int height) {
        List<String> lines = new ArrayList<>();
        lines.add(Ansi.BOLD.of(now.name()) + (only == null ? "  " + now.runs().size() + " runs" : "  " + only));
        String progress = String.format(Locale.ROOT, " %3.0f %%", 100 * now.progress())
                + (Double.isFinite(now.secondsLeft()) ? "  " + Terminal.duration(now.secondsLeft()) + " left" : "")
                + (now.tokensPerSecond() > 0 ? "  " + Terminal.count(now.tokensPerSecond()) + " tok/s" : "");
        lines.add(bar(now, Math.max(10, width - progress.length())) + progress);
        lines.add(counts(now, true));
        List<List<String>> tables = new ArrayList<>();
        if (only == null) {
            tables.add(running(now, Math.max(3, height / 4)));
            tables.add(bestTable(now, Math.max(3, height / 6)));
            tables.add(troubles(now, 3));
        } else {
            tables.add(runFacts(now));
        }
        int taken = lines.size() + tables.stream().filter(t -> !t.isEmpty()).mapToInt(t -> t.size() + 1).sum();
        int rows = Math.min(16, height - taken - 3);
        if (rows >= 3) {
            List<String> chart = chart(now, width, rows);
            if (!chart.isEmpty()) {
                lines.add("");
                lines.addAll(chart);
            }
        }
        for (List<String> table : tables) {
            if (!table.isEmpty()) {
                lines.add("");
                lines.addAll(table);
            }
        }
        return lines.stream().limit(height).map(line -> Ansi.cut(line, width)).toList();
    }

    private static String counts(SweepSnapshot now, boolean coloured) {
        Map<RunState, Integer> counts = now.counts();
        return counts.isEmpty() ? "no runs yet" : counts.entrySet().stream()
                .map(e -> {
                    String text = e.getValue() + " " + e.getKey().text();
                    return coloured ? colour(e.getKey()).of(text) : text;
                })
                .collect(Collectors.joining(", "));
    }

    private static Ansi colour(RunState state) {
        return switch (state) {
            case DONE -> Ansi.GREEN;
            case RUNNING -> Ansi.CYAN;
            case DIVERGED, FAILED -> Ansi.RED;
            case PREEMPTED, INTERRUPTED -> Ansi.YELLOW;
            case TO_DO -> Ansi.DIM;
        };
    }

    private static String bar(SweepSnapshot now, int width) {
        int done = (int) Math.round(width * now.progress());
        return Ansi.GREEN.of("█".repeat(done)) + Ansi.DIM.of("░".repeat(width - done));
    }

    private static List<RunSnapshot> in(SweepSnapshot now, RunState... states) {
        return now.runs().stream().filter(run -> List.of(states).contains(run.state())).toList();
    }

    private static List<RunSnapshot> best(SweepSnapshot now, int count) {
        return in(now, RunState.DONE).stream()
                .filter(run -> Double.isFinite(run.evalLoss()))
                .sorted(Comparator.comparingDouble(RunSnapshot::evalLoss))
                .limit(count)
                .toList();
    }

    private static String name(RunSnapshot run) {
        return run.run() == null ? run.runId() : run.run().slug();
    }

    private double[] curve(String run, Column column) {
        return sweep.run(run).map(live -> live.curve(trace -> trace.values(column, 0))).orElse(new double[0]);
    }

    private List<String> running(SweepSnapshot now, int limit) {
        List<RunSnapshot> running = in(now, RunState.RUNNING);
        TextTable table = new TextTable(List.of("running", "step", "of", "loss", "eval", "tok/s", "left", "curve"));
        for (int i = 0; i < Math.min(limit, running.size()); i++) {
            RunSnapshot run = running.get(i);
            String spark = BrailleChart.sparkline(curve(run.runId(), Column.LOSS), SPARK);
            table.row(List.of(
                    name(run),
                    Long.toString(run.step()),
                    Long.toString(run.steps()),
                    loss(run.loss()),
                    loss(run.evalLoss()),
                    Double.isNaN(run.tokensPerSecond()) ? "-" : Terminal.count(run.tokensPerSecond()),
                    Double.isNaN(run.secondsLeft()) ? "-" : Terminal.duration(run.secondsLeft()),
                    i < MAX_CURVES ? CURVES[i].of(spark) : spark));
        }
        return running.isEmpty() ? List.of() : lines(table, running.size() - limit);
    }

    private List<String> bestTable(SweepSnapshot now, int limit) {
        List<RunSnapshot> best = best(now, limit);
        TextTable table = new TextTable(List.of("best so far", "eval loss", "train loss", "steps"));
        best.forEach(run -> table.row(
                List.of(name(run), loss(run.evalLoss()), loss(run.loss()), Long.toString(run.steps()))));
        return best.isEmpty() ? List.of() : lines(table, 0);
    }

    private List<String> troubles(SweepSnapshot now, int limit) {
        List<RunSnapshot> bad = in(now, RunState.FAILED, RunState.DIVERGED);
        List<String> lines = new ArrayList<>();
        bad.stream().limit(limit).forEach(run -> lines.add(Ansi.RED.of(run.state().text()) + " " + name(run)
                + (run.reason() == null ? "" : ": " + run.reason().replaceAll("\\R", " "))));
        if (bad.size() > limit) {
            lines.add(Ansi.DIM.of("and " + (bad.size() - limit) + " more"));
        }
        return lines;
    }

    private static List<String> lines(TextTable table, int more) {
        List<String> lines = new ArrayList<>(table.toString().lines().toList());
        lines.set(0, Ansi.DIM.of(lines.get(0)));
        if (more > 0) {
            lines.add(Ansi.DIM.of("and " + more + " more"));
        }
        return lines;
    }

    private List<String> runFacts(SweepSnapshot now) {
        RunSnapshot run = now.runs().get(0);
        LiveRun live = sweep.run(only).orElseThrow();
        List<String> lines = new ArrayList<>();
        lines.add(String.format(Locale.ROOT, "step %d of %d   loss %s   eval loss %s", run.step(), run.steps(),
                loss(run.loss()), loss(run.evalLoss())));
        lines.add(live.curve(trace -> "learning rate " + Numbers.text(trace.last(Column.LR)) + "   gradient norm "
                + Numbers.text(trace.last(Column.GRAD_NORM))));
        if (run.reason() != null) {
            lines.add(Ansi.RED.of(run.reason()));
        }
        List<String> notes = live.notes();
        notes.subList(Math.max(0, notes.size() - 4), notes.size()).forEach(note -> lines.add(Ansi.DIM.of(note)));
        return lines;
    }

    /** The best finished run in green, and runs under way. */
    private List<String> chart(SweepSnapshot now, int width, int rows) {
        BrailleChart chart = new BrailleChart(width, rows);
        List<RunSnapshot> best = only == null ? best(now, 1) : List.of();
        best.forEach(run -> chart.add(curve(run.runId(), Column.TOKENS), curve(run.runId(), Column.LOSS), Ansi.GREEN));
        List<RunSnapshot> running = only == null ? in(now, RunState.RUNNING) : now.runs();
        for (int i = 0; i < Math.min(MAX_CURVES, running.size()); i++) {
            String run = running.get(i).runId();
            chart.add(curve(run, Column.TOKENS), curve(run, Column.LOSS), CURVES[i]);
        }
        String whose = best.isEmpty() ? " of runs under way"
                : running.isEmpty() ? " of the best run" : " of the best run (green) and of runs under way";
        return chart.lines("training loss" + (only == null ? whose : ""));
    }

    private static String loss(double loss) {
        return Double.isFinite(loss) ? String.format(Locale.ROOT, "%.4f", loss) : "-";
    }
}
