package org.windtunnel.analysis.study;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import org.windtunnel.analysis.curve.Run;
import org.windtunnel.analysis.curve.SizeMeasure;
import org.windtunnel.analysis.fit.LossPoint;

/**
 * The points of a law: runs with the same (N, D) make one cell, its loss that of the best setting (learning rate and
 * whatever else the sweep varied), averaged over seeds; a setting with a diverged seed cannot be best.
 */
final class LawCells {
    private LawCells() {}

    /** A cell's point and the runs of its best setting. */
    record Cell(LossPoint point, Double lr, List<String> runIds) {}

    private record Key(double n, long d) {}

    static List<Cell> of(List<Run> runs, StudyOptions options) {
        Map<Key, List<Run>> cells = runs.stream()
                .filter(r -> r.finalLoss().isPresent())
                .filter(r -> options.lawFilter().entrySet().stream().allMatch(f -> r.matches(f.getKey(), f.getValue())))
                .collect(Collectors.groupingBy(r -> key(r, options), LinkedHashMap::new, Collectors.toList()));
        List<Cell> points = new ArrayList<>();
        for (List<Run> cell : cells.values()) {
            best(cell, options).ifPresent(points::add);
        }
        points.sort(Comparator.comparingDouble((Cell c) -> c.point.n()).thenComparingDouble(c -> c.point.d()));
        return points;
    }

    /** Which runs these are, in words. */
    static String describe(StudyOptions options) {
        String which = options.lawFilter().entrySet().stream()
                .map(e -> e.getKey() + " = " + e.getValue())
                .collect(Collectors.joining(", "));
        return (which.isEmpty() ? "all runs" : which) + "; best setting of each (N, D), N "
                + (options.size() == SizeMeasure.TOTAL ? "total" : "without embeddings");
    }

    /** Planned tokens, for a diverged run stopped early; rounded to 1 %, since budgets round to whole batches. */
    private static Key key(Run run, StudyOptions options) {
        double tokens = run.plannedTokens() > 0 ? run.plannedTokens() : run.tokens();
        return new Key(run.size(options.size()), Math.round(Math.log(tokens) * 100));
    }

    private static Optional<Cell> best(List<Run> cell, StudyOptions options) {
        Map<Map<String, Object>, List<Run>> settings = cell.stream()
                .collect(Collectors.groupingBy(LawCells::withoutSeed, LinkedHashMap::new, Collectors.toList()));
        double least = Double.POSITIVE_INFINITY;
        List<Run> best = null;
        for (List<Run> setting : settings.values()) {
            double mean = setting.stream()
                    .mapToDouble(r -> r.finalLoss().getAsDouble())
                    .average()
                    .orElseThrow();
            if (mean < least) {
                least = mean;
                best = setting;
            }
        }
        if (best == null || !(least > 0)) {
            return Optional.empty();
        }
        Run any = best.get(0);
        OptionalDouble lr = any.number(options.lrPath());
        return Optional.of(new Cell(
                new LossPoint(any.size(options.size()), any.tokens(), any.flopsPerToken() * any.tokens(), least),
                lr.isPresent() ? lr.getAsDouble() : null,
                best.stream().map(Run::runId).toList()));
    }

    private static Map<String, Object> withoutSeed(Run run) {
        Map<String, Object> axes = new LinkedHashMap<>(run.axes());
        axes.keySet().removeIf(a -> a.equals("seed") || a.endsWith(".seed"));
        return axes;
    }
}
