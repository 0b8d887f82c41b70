package org.windtunnel.launch;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ConfigNode;
import org.windtunnel.config.ConfigNode.Mapping;
import org.windtunnel.config.ConfigNode.Scalar;
import org.windtunnel.config.ConfigWriter;
import org.windtunnel.config.ExperimentFile;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.config.SweepSpec;
import org.windtunnel.tensor.Rng;

/** Expands an experiment file into its runs: the same file gives the same runs, in the same order, with the same ids. */
public final class SweepPlan {
    private static final int MAX_RUNS = 100_000;
    private static final Set<String> INDECISIVE = Set.of("runtime", "checkpoint", "diagnostics");

    private final ExperimentFile file;
    private final Function<ExperimentSpec, Map<String, Double>> counts;
    private final Map<String, PlannedRun> runs = new LinkedHashMap<>();

    private SweepPlan(ExperimentFile file, Function<ExperimentSpec, Map<String, Double>> counts) {
        this.file = file;
        this.counts = counts;
    }

    /**
     * @param file with or without a {@code sweep} section; without one it is a single run
     * @param counts numbers of a model that derived values may use, by name ({@code params.total} ...)
     * @return the runs; those that would be the same are listed once
     * @throws ConfigException if a run cannot be, with the values of its axes
     */
    public static List<PlannedRun> expand(ExperimentFile file, Function<ExperimentSpec, Map<String, Double>> counts) {
        SweepPlan plan = new SweepPlan(file, counts);
        plan.expand();
        return List.copyOf(plan.runs.values());
    }

    private void expand() {
        SweepSpec sweep = file.sweep();
        if (sweep == null) {
            add(Map.of());
            return;
        }
        List<Map<String, Axis.Value>> points = new ArrayList<>();
        for (Map<String, ConfigNode> grid : sweep.grids()) {
            List<Axis> axes = new ArrayList<>();
            grid.forEach((path, node) -> axes.add(Axis.of(path, node)));
            limit(axes.stream().mapToDouble(axis -> axis.values().size()).reduce(1.0, (a, b) -> a * b));
            product(axes, 0, new LinkedHashMap<>(), points);
        }
        for (Map<String, ConfigNode> run : sweep.runs()) {
            Map<String, Axis.Value> point = new LinkedHashMap<>();
            run.forEach((path, node) -> point.put(path, Axis.value(node)));
            points.add(point);
        }
        if (sweep.random() != null) {
            limit(points.size() + (double) sweep.random().count());
            draw(sweep.random(), points);
        }
        if (points.isEmpty()) {
            points.add(Map.of());
        }
        long tree = 1 + sweep.branches().stream().mapToLong(branch -> branch.at().size()).sum();
        limit((double) points.size() * Math.max(1, sweep.seeds().size()) * tree);
        for (Map<String, Axis.Value> point : points) {
            if (sweep.seeds().isEmpty()) {
                add(point);
            }
            for (long seed : sweep.seeds()) {
                Map<String, Axis.Value> seeded = new LinkedHashMap<>(point);
                seeded.put("seed", Axis.value(ConfigLoader.value(Long.toString(seed), "sweep.seeds")));
                add(seeded);
            }
        }
    }

    private static void limit(double runs) {
        if (runs > MAX_RUNS) {
            throw new ConfigException(String.format(Locale.ROOT, "sweep: expected at most %d runs, found %.0f; "
                    + "shorten an axis, or draw from it with random", MAX_RUNS, runs));
        }
    }

    private static void product(
            List<Axis> axes, int i, Map<String, Axis.Value> point, List<Map<String, Axis.Value>> points) {
        if (i == axes.size()) {
            points.add(new LinkedHashMap<>(point));
            return;
        }
        Axis axis = axes.get(i);
        for (Axis.Value value : axis.values()) {
            point.put(axis.path(), value);
            product(axes, i + 1, point, points);
        }
        point.remove(axis.path());
    }

    private static void draw(SweepSpec.Random random, List<Map<String, Axis.Value>> points) {
        for (int i = 0; i < random.count(); i++) {
            Map<String, Axis.Value> point = new LinkedHashMap<>();
            for (Map.Entry<String, ConfigNode> axis : random.axes().entrySet()) {
                Rng rng = new Rng(random.seed(), Rng.stream(axis.getKey()));
                point.put(axis.getKey(), Axis.draw(axis.getKey(), axis.getValue(), rng, i));
            }
            points.add(point);
        }
    }

    private void add(Map<String, Axis.Value> point) {
        Map<String, Object> axes = new LinkedHashMap<>();
        point.forEach((path, value) -> flatten(path, ConfigLoader.plain(value.node()), axes));
        try {
            Mapping tree = file.experiment();
            for (Map.Entry<String, Axis.Value> e : sectionsFirst(point)) {
                decisive(e.getKey(), e.getValue().node());
                tree = ConfigLoader.with(tree, e.getKey(), e.getValue().node());
            }
            ExperimentSpec spec = derive(tree, ConfigLoader.bind(tree), axes);
            String hash = ConfigWriter.hash(spec);
            if (!runs.containsKey(hash)) {
                addWithBranches(new PlannedRun(Slugs.of(point, spec.name()), hash, axes, spec, null));
            }
        } catch (ConfigException e) {
            throw axes.isEmpty() ? e : new ConfigException("the run with " + axes + ": " + e.getMessage(), e);
        }
    }

    private void addWithBranches(PlannedRun run) {
        List<SweepSpec.Branch> branches = file.sweep() == null ? List.of() : file.sweep().branches();
        List<Long> starts = branches.stream()
                .flatMap(branch -> branch.at().stream())
                .map(at -> Branches.start(run.spec(), at))
                .toList();
        PlannedRun trunk = new PlannedRun(run.slug(), run.hash(), run.axes(), run.spec().keepingAt(starts), null);
        runs.put(trunk.hash(), trunk);
        for (SweepSpec.Branch branch : branches) {
            for (double at : branch.at()) {
                long start = Branches.start(run.spec(), at);
                PlannedRun planned = Branches.planned(trunk, start,
                        Branches.experiment(run.spec(), start, branch.steps(), branch.schedule()));
                runs.putIfAbsent(planned.hash(), planned);
            }
        }
    }

    /** An axis over a section must not undo one over a key in it, whichever was written first. */
    private static List<Map.Entry<String, Axis.Value>> sectionsFirst(Map<String, Axis.Value> point) {
        Comparator<Map.Entry<String, Axis.Value>> depth =
                Comparator.comparing(e -> e.getKey().chars().filter(c -> c == '.').count());
        return point.entrySet().stream().sorted(depth).toList();
    }

    /** Runs that differ only here have the same id, so all but one of them would silently be dropped. */
    private static void decisive(String path, ConfigNode at) {
        int dot = path.indexOf('.');
        if (path.equals("name") || INDECISIVE.contains(path.substring(0, dot < 0 ? path.length() : dot))) {
            throw new ConfigException(at.origin() + ": " + path + ": expected an axis that changes what a run computes; "
                    + "name, runtime, checkpoint and diagnostics don't, set them with --set " + path + "=...");
        }
    }

    private ExperimentSpec derive(Mapping tree, ExperimentSpec bound, Map<String, Object> axes) {
        if (file.sweep() == null || file.sweep().derived().isEmpty()) {
            return ConfigLoader.check(tree, bound);
        }
        Mapping current = tree;
        ExperimentSpec spec = bound;
        for (Map.Entry<String, String> e : file.sweep().derived().entrySet()) {
            ExperimentSpec known = spec;
            Map<String, Object> values = ConfigWriter.tree(known);
            double v;
            try {
                v = Expression.evaluate(e.getValue(), name -> number(name, values, known));
            } catch (ConfigException wrong) {
                throw new ConfigException("sweep.derived." + e.getKey() + ": " + wrong.getMessage(), wrong);
            }
            boolean whole = v == Math.rint(v) && Math.abs(v) < 1e15;
            String text = isBudget(e.getKey()) || whole ? Long.toString(Math.round(v)) : Double.toString(v);
            Scalar node = (Scalar) ConfigLoader.value(text, "sweep.derived." + e.getKey());
            current = ConfigLoader.with(current, e.getKey(), node);
            spec = ConfigLoader.bind(current);
            axes.put(e.getKey(), ConfigLoader.plain(node));
        }
        return ConfigLoader.check(current, spec);
    }

    /** Budgets come out of arithmetic and are rounded; other whole numbers have to say how, with round(). */
    private static boolean isBudget(String path) {
        return path.equals("train.tokens") || path.equals("train.steps");
    }

    private Double number(String name, Map<String, Object> values, ExperimentSpec spec) {
        if (lookUp(values, name) instanceof Number n) {
            return n.doubleValue();
        }
        return name.startsWith("params.") ? counts.apply(spec).get(name) : null;
    }

    private static Object lookUp(Map<String, Object> values, String path) {
        Object at = values;
        for (String key : path.split("\\.")) {
            at = at instanceof Map<?, ?> map ? map.get(key) : null;
        }
        return at;
    }

    private static void flatten(String path, Object value, Map<String, Object> into) {
        if (value instanceof Map<?, ?> section) {
            section.forEach((key, v) -> flatten(path + "." + key, v, into));
        } else if (value instanceof List<?> list) {
            into.put(path, list.toString());
        } else {
            into.put(path, value);
        }
    }
}
