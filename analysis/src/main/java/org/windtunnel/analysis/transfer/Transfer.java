package org.windtunnel.analysis.transfer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.windtunnel.analysis.curve.Run;

/**
 * Sorts finished and diverged runs into bowls and groups.
 *
 * <p>A bowl holds runs that differ in learning rate and seed only. Where a sweep also varies other axes (token budgets,
 * say), each setting with three rates at two or more widths becomes a group of its own; if there is none, because the
 * axis follows the width, each width contributes the setting with most rates.
 */
public final class Transfer {
    private static final int BOWL = 3;

    private final TransferOptions options;
    private final Set<String> sorted;

    private Transfer(TransferOptions options) {
        this.options = options;
        sorted = Stream.concat(Stream.of(options.lrPath(), options.widthPath()), options.groupPaths().stream())
                .collect(Collectors.toSet());
    }

    /** Runs of one group at one setting of all other axes, by width and rate. */
    private record Setting(Map<String, Object> axes, TreeMap<Double, TreeMap<Double, List<Run>>> byWidth) {
        long bowls() {
            return byWidth.values().stream()
                    .filter(rates -> rates.size() >= BOWL)
                    .count();
        }
    }

    /** The groups that have at least one bowl of three learning rates, in order of first appearance. */
    public static List<TransferGroup> analyse(List<Run> runs, TransferOptions options) {
        return new Transfer(options).groups(runs);
    }

    private List<TransferGroup> groups(List<Run> runs) {
        Map<Map<String, Object>, List<Run>> grouped = runs.stream()
                .filter(r -> r.finalLoss().isPresent())
                .filter(r -> positive(r, options.lrPath()) && positive(r, options.widthPath()))
                .collect(Collectors.groupingBy(
                        r -> Labels.values(r, options.groupPaths()), LinkedHashMap::new, Collectors.toList()));
        List<TransferGroup> groups = new ArrayList<>();
        grouped.forEach((values, members) -> groups.addAll(split(values, settings(members))));
        return groups;
    }

    private static boolean positive(Run run, String path) {
        OptionalDouble value = run.number(path);
        return value.isPresent() && value.getAsDouble() > 0;
    }

    private List<Setting> settings(List<Run> runs) {
        Map<Map<String, Object>, Setting> settings = new LinkedHashMap<>();
        for (Run run : runs) {
            Map<String, Object> others = new LinkedHashMap<>(run.axes());
            others.keySet().removeIf(this::sortedBy);
            settings.computeIfAbsent(others, axes -> new Setting(axes, new TreeMap<>()))
                    .byWidth
                    .computeIfAbsent(run.number(options.widthPath()).getAsDouble(), w -> new TreeMap<>())
                    .computeIfAbsent(run.number(options.lrPath()).getAsDouble(), r -> new ArrayList<>())
                    .add(run);
        }
        return List.copyOf(settings.values());
    }

    /** Whether an axis is the rate, the width, a group, a whole section that holds one of them, or a seed. */
    private boolean sortedBy(String axis) {
        return axis.equals("seed")
                || axis.endsWith(".seed")
                || sorted.stream().anyMatch(path -> path.equals(axis) || path.startsWith(axis + "."));
    }

    private List<TransferGroup> split(Map<String, Object> values, List<Setting> settings) {
        List<Setting> whole = settings.stream().filter(s -> s.bowls() >= 2).toList();
        if (whole.isEmpty()) {
            TreeMap<Double, TreeMap<Double, List<Run>>> merged = merge(settings);
            return merged.values().stream().anyMatch(rates -> rates.size() >= BOWL)
                    ? List.of(group(values, merged))
                    : List.of();
        }
        List<TransferGroup> groups = new ArrayList<>();
        for (Setting setting : whole) {
            Map<String, Object> named = new LinkedHashMap<>(values);
            setting.axes.forEach((axis, value) -> {
                if (whole.stream().anyMatch(other -> !value.equals(other.axes.get(axis)))) {
                    named.put(axis, value);
                }
            });
            groups.add(group(named, setting.byWidth));
        }
        return groups;
    }

    /** For each width the setting with most rates, of equals the one with most tokens. */
    private static TreeMap<Double, TreeMap<Double, List<Run>>> merge(List<Setting> settings) {
        TreeMap<Double, TreeMap<Double, List<Run>>> merged = new TreeMap<>();
        Comparator<TreeMap<Double, List<Run>>> better = Comparator.<TreeMap<Double, List<Run>>>comparingInt(
                        TreeMap::size)
                .thenComparingDouble(Transfer::tokens);
        for (Setting setting : settings) {
            setting.byWidth.forEach((width, rates) ->
                    merged.merge(width, rates, (a, b) -> better.compare(a, b) >= 0 ? a : b));
        }
        return merged;
    }

    private TransferGroup group(Map<String, Object> values, TreeMap<Double, TreeMap<Double, List<Run>>> byWidth) {
        String label = Labels.of(values);
        List<LrBowl> bowls = new ArrayList<>();
        byWidth.forEach((width, rates) -> {
            if (rates.size() >= 2) {
                bowls.add(bowl(width, rates));
            }
        });
        return new TransferGroup(
                label, values, bowls, DriftEstimator.estimate(label, options.axis(), bowls, options.tolerance()));
    }

    private LrBowl bowl(double width, TreeMap<Double, List<Run>> rates) {
        List<LrPoint> points = new ArrayList<>();
        rates.forEach((rate, runs) -> points.add(point(rate, runs)));
        Run any = rates.firstEntry().getValue().get(0);
        LrOptimum optimum = OptimumFinder.find(points, options.seed());
        return new LrBowl(
                width,
                any.size(options.size()),
                tokens(rates),
                points,
                optimum,
                sensitivity(points, any.vocab()),
                optimum == null ? "every run diverged: lower the learning rates" : optimum.note());
    }

    /** Tokens of a finished run; diverged ones stopped early. */
    private static double tokens(TreeMap<Double, List<Run>> rates) {
        return rates.values().stream()
                .flatMap(List::stream)
                .mapToDouble(Run::tokens)
                .max()
                .orElse(0);
    }

    private static LrPoint point(double rate, List<Run> unordered) {
        List<Run> runs = unordered.stream().sorted(Comparator.comparingLong(Run::seed)).toList();
        List<Double> losses = new ArrayList<>();
        double sum = 0;
        for (Run run : runs) {
            double loss = run.finalLoss().getAsDouble();
            losses.add(Double.isFinite(loss) ? loss : null);
            sum += loss;
        }
        double mean = sum / runs.size();
        boolean finite = Double.isFinite(mean);
        Double spread = null;
        if (finite && runs.size() > 1) {
            double squares =
                    losses.stream().mapToDouble(l -> (l - mean) * (l - mean)).sum();
            spread = Math.sqrt(squares / (runs.size() - 1));
        }
        return new LrPoint(
                rate,
                finite ? mean : null,
                spread,
                runs.stream().map(Run::seed).toList(),
                losses,
                runs.stream().map(Run::runId).toList());
    }

    /**
     * Wortsman et al., arXiv 2309.14322: trapezoid rule in ln lr, losses capped at that of uniform
     * predictions.
     */
    private static Double sensitivity(List<LrPoint> points, int vocab) {
        double cap = vocab > 1 ? Math.log(vocab) : Double.POSITIVE_INFINITY;
        double[] capped = points.stream()
                .mapToDouble(p -> Math.min(p.diverged() ? Double.POSITIVE_INFINITY : p.loss(), cap))
                .toArray();
        double best = points.stream()
                .filter(p -> !p.diverged())
                .mapToDouble(LrPoint::loss)
                .min()
                .orElse(Double.NaN);
        double area = 0;
        for (int i = 1; i < capped.length; i++) {
            double step = Math.log(points.get(i).lr() / points.get(i - 1).lr());
            area += step * ((capped[i] + capped[i - 1]) / 2 - best);
        }
        double range =
                Math.log(points.get(points.size() - 1).lr() / points.get(0).lr());
        return Double.isFinite(area) ? area / range : null;
    }
}
