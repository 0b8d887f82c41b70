package org.windtunnel.analysis.trend;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.Numbers;
import org.windtunnel.analysis.curve.DiagnosticsLog;
import org.windtunnel.analysis.curve.Run;
import org.windtunnel.analysis.curve.RunStatus;
import org.windtunnel.analysis.transfer.Gaussian;
import org.windtunnel.analysis.transfer.Labels;

/** Sorts runs by group, size and seed, and fits a power of the size to what their last diagnostics say. */
public final class Trends {
    private final String quantity;
    private final String names;
    private final String sizePath;
    private final List<String> groupPaths;

    private Trends(String quantity, String names, String sizePath, List<String> groupPaths) {
        this.quantity = quantity;
        this.names = names;
        this.sizePath = sizePath;
        this.groupPaths = groupPaths;
    }

    /**
     * The groups in order of first appearance; finished runs without the quantity are passed over.
     *
     * @param quantity key of {@code diag.jsonl}, such as {@code top_singular_value} or {@code activation_rms}
     * @param names regular expression on whole names of parameters or modules that count; null for all
     * @param sizePath config path of the size
     * @param groupPaths config paths whose values make a group
     * @throws AnalysisException if two runs have one group, size and seed, or a value is not positive
     */
    public static List<Trend> of(
            List<Run> runs, String quantity, String names, String sizePath, List<String> groupPaths) {
        return new Trends(quantity, names, sizePath, groupPaths).trends(runs);
    }

    private List<Trend> trends(List<Run> runs) {
        Map<String, TreeMap<Double, TreeMap<Long, Double>>> groups = new LinkedHashMap<>();
        for (Run run : runs) {
            OptionalDouble size = run.number(sizePath);
            OptionalDouble value = DiagnosticsLog.last(run, quantity, names);
            if (run.status() == RunStatus.DONE && size.isPresent() && value.isPresent()) {
                if (!(value.getAsDouble() > 0)) {
                    throw new AnalysisException(run.runId() + ": expected a positive " + quantity + ", found "
                            + value.getAsDouble() + "; powers of the size are fitted to positive quantities only");
                }
                Double other = groups.computeIfAbsent(Labels.of(Labels.values(run, groupPaths)), l -> new TreeMap<>())
                        .computeIfAbsent(size.getAsDouble(), s -> new TreeMap<>())
                        .put(run.seed(), value.getAsDouble());
                if (other != null) {
                    throw new AnalysisException("Two runs at " + sizePath + " " + Numbers.text(size.getAsDouble())
                            + " with seed " + run.seed() + " in one group, one of them " + run.runId()
                            + ": name the config path that tells them apart with --group.");
                }
            }
        }
        List<Trend> trends = new ArrayList<>();
        groups.forEach((label, bySize) -> trends.add(trend(label, bySize)));
        return trends;
    }

    private static Trend trend(String label, TreeMap<Double, TreeMap<Long, Double>> bySize) {
        List<Trend.Point> points = new ArrayList<>();
        Map<Long, TreeMap<Double, Double>> bySeed = new TreeMap<>();
        bySize.forEach((size, values) -> {
            double log = values.values().stream().mapToDouble(Math::log).average().orElseThrow();
            points.add(new Trend.Point(size, Math.exp(log), values.size()));
            values.forEach((seed, v) -> bySeed.computeIfAbsent(seed, s -> new TreeMap<>()).put(size, v));
        });
        double[] slopes = bySeed.values().stream()
                .filter(values -> values.size() > 1)
                .mapToDouble(Trends::slope)
                .toArray();
        if (slopes.length == 0) {
            return new Trend(label, points, null, null);
        }
        double mean = 0;
        for (double slope : slopes) {
            mean += slope / slopes.length;
        }
        double squares = 0;
        for (double slope : slopes) {
            squares += (slope - mean) * (slope - mean);
        }
        int dof = slopes.length - 1;
        return new Trend(label, points, mean,
                dof == 0 ? null : Gaussian.t95(dof) * Math.sqrt(squares / dof / slopes.length));
    }

    /** Least squares of log value on log size. */
    private static double slope(TreeMap<Double, Double> values) {
        double meanX = values.keySet().stream().mapToDouble(Math::log).average().orElseThrow();
        double sxx = 0;
        double sxy = 0;
        for (Map.Entry<Double, Double> e : values.entrySet()) {
            double x = Math.log(e.getKey()) - meanX;
            sxx += x * x;
            sxy += x * Math.log(e.getValue());
        }
        return sxy / sxx;
    }
}
