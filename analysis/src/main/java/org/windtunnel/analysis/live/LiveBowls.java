package org.windtunnel.analysis.live;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.windtunnel.analysis.curve.Run;
import org.windtunnel.analysis.curve.SizeMeasure;
import org.windtunnel.analysis.transfer.Drift;
import org.windtunnel.analysis.transfer.Labels;
import org.windtunnel.analysis.transfer.LrBowl;
import org.windtunnel.analysis.transfer.LrOptimum;
import org.windtunnel.analysis.transfer.Transfer;
import org.windtunnel.analysis.transfer.TransferGroup;
import org.windtunnel.analysis.transfer.TransferOptions;

/**
 * Loss against learning rate as far as it is known: the optima of finished runs are the report's, the losses of runs under
 * way stand beside them.
 *
 * @param x config path along the bowl
 * @param size config path with one bowl for each value
 * @param axes numeric paths that the sweep varies, which could take the place of either
 * @param facets runs that differ in neither have one picture for each of their other settings
 */
public record LiveBowls(String x, String size, List<String> axes, List<Facet> facets) {
    private static final String LR = "optimizer.lr";
    private static final String WIDTH = "model.width";
    private static final double TOLERANCE = 0.25;

    /** @param drift of the optimum over the sizes; null while it cannot be told */
    public record Facet(String label, List<Series> series, Drift drift) {}

    /** @param optimum null while fewer than three values of x are done in this facet */
    public record Series(double size, List<Point> points, LrOptimum optimum) {}

    /** A run. @param loss final, or so far; NaN for one that diverged */
    public record Point(String runId, double x, double loss, RunState state) {}

    /** @param x path along the bowls, or null for the learning rate @param size path between them, or null for the width */
    public static LiveBowls of(SweepSnapshot sweep, String x, String size) {
        List<RunSnapshot> runs = sweep.runs().stream().filter(r -> r.run() != null).toList();
        Set<String> varied = varied(runs);
        List<String> axes = varied.stream()
                .filter(axis -> runs.stream().allMatch(r -> r.run().number(axis).isPresent()))
                .toList();
        String along = axes.contains(x) ? x : axes.contains(LR) || axes.isEmpty() ? LR : axes.get(0);
        List<String> others = axes.stream().filter(axis -> !axis.equals(along)).toList();
        String between =
                others.contains(size) ? size : others.contains(WIDTH) || others.isEmpty() ? WIDTH : others.get(0);
        List<String> groups = groups(runs, varied.stream()
                .filter(axis -> !axis.equals(along) && !axis.equals(between) && !isSeed(axis))
                .toList());
        TransferOptions options = new TransferOptions(along, between, groups, SizeMeasure.NON_EMBEDDING, 1, TOLERANCE);
        return new LiveBowls(along, between, axes, facets(runs, options));
    }

    /** Of some paths those that tell runs apart which the ones before do not. */
    private static List<String> groups(List<RunSnapshot> runs, List<String> paths) {
        List<String> groups = new ArrayList<>();
        long parts = 1;
        for (String path : paths) {
            groups.add(path);
            long finer = runs.stream().map(r -> groups.stream().map(p -> text(r.run(), p)).toList()).distinct().count();
            if (finer == parts) {
                groups.remove(path);
            }
            parts = finer;
        }
        return groups;
    }

    private static boolean isSeed(String axis) {
        return axis.equals("seed") || axis.endsWith(".seed");
    }

    /** Paths with more than one value; of a section that a sweep swaps as a whole, its type and its rate. */
    private static Set<String> varied(List<RunSnapshot> runs) {
        Set<String> paths = new LinkedHashSet<>();
        for (RunSnapshot run : runs) {
            run.run().axes().forEach((path, value) -> {
                if (value instanceof Map<?, ?> section) {
                    section.keySet().stream().filter(key -> key.equals("type") || key.equals("lr"))
                            .forEach(key -> paths.add(path + "." + key));
                } else {
                    paths.add(path);
                }
            });
        }
        paths.removeIf(path -> runs.stream().map(r -> text(r.run(), path)).distinct().count() < 2);
        return paths;
    }

    private static String text(Run run, String path) {
        OptionalDouble number = run.number(path);
        return number.isPresent()
                ? Double.toString(number.getAsDouble())
                : run.value(path).map(Object::toString).orElse("");
    }

    private static List<Facet> facets(List<RunSnapshot> runs, TransferOptions options) {
        Map<String, TransferGroup> known =
                Transfer.analyse(runs.stream().map(RunSnapshot::run).toList(), options).stream()
                        .collect(Collectors.toMap(TransferGroup::label, g -> g, (a, b) -> a));
        Map<String, TreeMap<Double, List<Point>>> points = new LinkedHashMap<>();
        for (RunSnapshot run : runs) {
            OptionalDouble x = run.run().number(options.lrPath());
            OptionalDouble size = run.run().number(options.widthPath());
            if (x.isPresent() && size.isPresent()) {
                points.computeIfAbsent(Labels.of(Labels.values(run.run(), options.groupPaths())), l -> new TreeMap<>())
                        .computeIfAbsent(size.getAsDouble(), s -> new ArrayList<>())
                        .add(new Point(run.runId(), x.getAsDouble(), loss(run), run.state()));
            }
        }
        List<Facet> facets = new ArrayList<>();
        points.forEach((label, bySize) -> facets.add(facet(label, bySize, known.get(label))));
        return facets;
    }

    /** Of a run under way the better known of what it has: its last evaluation, or its training loss. */
    private static double loss(RunSnapshot run) {
        if (run.state() == RunState.DIVERGED) {
            return Double.NaN;
        }
        return Double.isNaN(run.evalLoss()) ? run.loss() : run.evalLoss();
    }

    private static Facet facet(String label, TreeMap<Double, List<Point>> bySize, TransferGroup group) {
        List<Series> series = new ArrayList<>();
        bySize.forEach((size, points) -> series.add(new Series(
                size,
                points.stream().sorted(Comparator.comparingDouble(Point::x)).toList(),
                group == null ? null : optimum(group, size))));
        return new Facet(label, series, group == null ? null : group.drift());
    }

    private static LrOptimum optimum(TransferGroup group, double size) {
        return group.bowls().stream()
                .filter(bowl -> bowl.width() == size)
                .map(LrBowl::optimum)
                .filter(optimum -> optimum != null)
                .findFirst()
                .orElse(null);
    }
}
