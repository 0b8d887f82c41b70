package org.windtunnel.analysis.annealing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.curve.Curve;
import org.windtunnel.analysis.curve.CurveBuilder;
import org.windtunnel.analysis.curve.Evaluation;
import org.windtunnel.analysis.curve.Run;
import org.windtunnel.analysis.law.LearningRateTrace;
import org.windtunnel.analysis.table.Condition;
import org.windtunnel.analysis.table.DataTable;
import org.windtunnel.analysis.table.TableReader;

/**
 * Curves with their schedules, from run directories or from tables with columns run, step, lr and loss. Between logged
 * steps the rate is taken as linear; warm-up ends where the rate is first within 0.1 % of its peak. Losses of the warm-up
 * and of the start of the run are left out: the laws do not describe them.
 */
public final class CurveData {
    private static final double NEAR_PEAK = 0.999;
    private static final int FEWEST_EVALUATIONS = 8;

    private CurveData() {}

    /**
     * Curves of runs: the loss of their evaluations where there are at least eight after the start, else the training
     * loss, smoothed.
     *
     * @param skip share of a run at its start whose losses are left out, beside the warm-up; a tenth is usual
     * @param smooth share of a run that a training loss is averaged over; a fiftieth is usual
     * @throws AnalysisException if a run's log is too short
     */
    public static List<ScheduledCurve> of(List<Run> runs, double skip, double smooth) {
        return runs.stream().map(run -> of(run, skip, smooth)).toList();
    }

    private static ScheduledCurve of(Run run, double skip, double smooth) {
        int[] logged = Arrays.stream(run.curve().step()).mapToInt(s -> (int) s - 1).toArray();
        if (logged.length < 3) {
            throw new AnalysisException("run " + run.runId() + ": expected a training curve of at least 3 steps, found "
                    + logged.length + ". Let it run, or leave it out.");
        }
        double[] rates = rates(logged, run.curve().lr());
        List<Evaluation> evaluations = run.evaluations().stream()
                .filter(e -> e.step() > skip * rates.length && Double.isFinite(e.loss()))
                .toList();
        if (evaluations.size() >= FEWEST_EVALUATIONS) {
            return curve(
                    run.runId(),
                    rates,
                    evaluations.stream().mapToInt(e -> (int) e.step() - 1).toArray(),
                    evaluations.stream().mapToDouble(Evaluation::loss).toArray(),
                    skip);
        }
        return smoothed(run.runId(), rates, logged, run.curve().loss(), skip, smooth);
    }

    /** Means over windows of a share of the run, each at the middle of its window. */
    private static ScheduledCurve smoothed(
            String name, double[] rates, int[] steps, double[] losses, double skip, double smooth) {
        int window = Math.max(1, (int) (smooth * steps.length));
        List<Integer> at = new ArrayList<>();
        List<Double> mean = new ArrayList<>();
        for (int from = 0; from + window <= steps.length; from += window) {
            at.add(steps[from + window / 2]);
            mean.add(Arrays.stream(losses, from, from + window).average().orElseThrow());
        }
        return curve(
                name,
                rates,
                at.stream().mapToInt(i -> i).toArray(),
                mean.stream().mapToDouble(d -> d).toArray(),
                skip);
    }

    /**
     * Curves of a CSV or JSONL file, read row by row; of a curve of very many rows {@link CurveBuilder} keeps means over
     * stretches.
     *
     * @param columns run, step, lr and loss → the file's names
     * @param conditions that the rows must meet
     * @param skip share of a curve at its start that is left out
     * @throws AnalysisException if a column is missing, a cell is wrong, or the steps of a curve do not increase
     */
    public static List<ScheduledCurve> read(
            Path file, Map<String, String> columns, List<Condition> conditions, double skip) {
        Map<String, Rows> curves = new LinkedHashMap<>();
        String run = columns.getOrDefault("run", "run");
        boolean[] checked = new boolean[1];
        TableReader.scan(file, row -> {
            if (!checked[0]) {
                DataTable header = DataTable.of(file, List.copyOf(row.cells().keySet()), List.of());
                List.of("run", "step", "lr", "loss").forEach(c -> header.require(columns.getOrDefault(c, c)));
                checked[0] = true;
            }
            if (conditions.stream().allMatch(c -> c.test(row))) {
                curves.computeIfAbsent(row.text(run), name -> new Rows()).add(row, columns);
            }
        });
        List<ScheduledCurve> all = new ArrayList<>();
        curves.forEach((name, rows) -> {
            Curve curve = rows.curve.build();
            int[] steps = Arrays.stream(curve.step()).mapToInt(Math::toIntExact).toArray();
            all.add(curve(name, rates(steps, curve.lr()), steps, curve.loss(), skip));
        });
        return all;
    }

    /** Rows of one curve. */
    private static final class Rows {
        private final CurveBuilder curve = new CurveBuilder();
        private double last = Double.NEGATIVE_INFINITY;

        void add(DataTable.Row row, Map<String, String> columns) {
            double step = number(row, columns, "step");
            if (!(step > last)) {
                throw new AnalysisException(row.place() + ": expected steps to increase along a curve, found "
                        + (long) step + " after " + (long) last + ". Sort the rows, or name the column of the run.");
            }
            last = step;
            curve.add(
                    step,
                    Double.NaN,
                    Double.NaN,
                    number(row, columns, "lr"),
                    number(row, columns, "loss"),
                    Double.NaN,
                    Double.NaN,
                    Double.NaN);
        }

        private static double number(DataTable.Row row, Map<String, String> columns, String quantity) {
            return row.number(columns.getOrDefault(quantity, quantity));
        }
    }

    private static ScheduledCurve curve(String name, double[] rates, int[] steps, double[] losses, double skip) {
        double peak = Arrays.stream(rates).max().orElse(0);
        int warmup = (int) IntStream.range(0, rates.length).takeWhile(k -> rates[k] < NEAR_PEAK * peak).count();
        int first = Math.max(warmup, (int) (skip * rates.length));
        int[] kept = IntStream.range(0, steps.length).filter(i -> steps[i] >= first).toArray();
        if (kept.length < 3) {
            throw new AnalysisException(
                    "curve " + name + ": expected at least 3 losses after the warm-up and the first " + skip
                            + " of the run, found " + kept.length + ". Log or evaluate more often.");
        }
        return new ScheduledCurve(
                name,
                new LearningRateTrace(rates, warmup),
                Arrays.stream(kept).map(i -> steps[i]).toArray(),
                Arrays.stream(kept).mapToDouble(i -> losses[i]).toArray());
    }

    /** The rate of every step from 0 to the last logged one; before the first logged step it rises from zero. */
    private static double[] rates(int[] steps, double[] logged) {
        double[] rates = new double[steps[steps.length - 1] + 1];
        for (int k = 0, i = 0; k < rates.length; k++) {
            while (steps[i] < k) {
                i++;
            }
            int before = i == 0 ? -1 : steps[i - 1];
            double low = i == 0 ? 0 : logged[i - 1];
            rates[k] = low + (logged[i] - low) * (k - before) / (steps[i] - before);
        }
        return rates;
    }
}
