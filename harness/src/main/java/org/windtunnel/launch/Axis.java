package org.windtunnel.launch;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ConfigNode;
import org.windtunnel.config.ConfigNode.Mapping;
import org.windtunnel.config.ConfigNode.Scalar;
import org.windtunnel.config.ConfigNode.Sequence;
import org.windtunnel.tensor.Rng;

/**
 * One axis of a sweep.
 *
 * @param path config path
 * @param values what it takes, in order
 */
record Axis(String path, List<Value> values) {
    /** More values than this on one axis are a slip of the pen. */
    private static final int MAX_VALUES = 100_000;

    /** A value, and how run ids call it ({@code null}: by itself). */
    record Value(String label, ConfigNode node) {}

    /** @throws ConfigException with the place of what is no axis */
    static Axis of(String path, ConfigNode node) {
        if (node instanceof Sequence sequence && !sequence.items().isEmpty()) {
            return new Axis(path, sequence.items().stream().map(Axis::value).toList());
        }
        if (node instanceof Mapping range && range.get("log2_range") != null) {
            return new Axis(path, powersOfTwo(path, range));
        }
        if (node instanceof Mapping range && range.get("geometric") != null) {
            return new Axis(path, geometric(path, range));
        }
        throw new ConfigException(node.origin() + ": " + path + ": expected a list of values, {log2_range: [from, to, "
                + "step]} or {geometric: [from, to, count]}, found " + node.describe());
    }

    static Value value(ConfigNode node) {
        if (!(node instanceof Mapping m) || m.get("value") == null || m.get("label") == null) {
            return new Value(null, node);
        }
        if (m.entries().size() != 2 || !(m.get("label") instanceof Scalar label) || label.isNull()) {
            throw new ConfigException(node.origin() + ": expected {label: NAME, value: ...} and nothing else, found "
                    + ConfigLoader.plain(node));
        }
        return new Value(label.text(), m.get("value"));
    }

    private static List<Value> powersOfTwo(String path, Mapping range) {
        double[] r = numbers(path, range, "log2_range", 3);
        if (!(r[2] > 0) || r[1] < r[0] || (r[1] - r[0]) / r[2] >= MAX_VALUES) {
            throw wrong(path, range, "log2_range", "from <= to, a positive step and at most " + MAX_VALUES + " values");
        }
        List<Value> values = new ArrayList<>();
        for (int i = 0; r[0] + i * r[2] <= r[1] + 1e-9; i++) {
            values.add(number(Math.pow(2, r[0] + i * r[2]), range));
        }
        return values;
    }

    private static List<Value> geometric(String path, Mapping range) {
        double[] r = numbers(path, range, "geometric", 3);
        int count = (int) r[2];
        if (!(r[0] > 0) || !(r[1] > 0) || count != r[2] || count < 2 || count > MAX_VALUES) {
            throw wrong(path, range, "geometric", "positive ends and a count from 2 to " + MAX_VALUES);
        }
        List<Value> values = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            values.add(number(r[0] * Math.pow(r[1] / r[0], (double) i / (count - 1)), range));
        }
        return values;
    }

    private static double[] numbers(String path, Mapping range, String key, int count) {
        if (range.entries().size() == 1
                && ConfigLoader.plain(range.get(key)) instanceof List<?> list
                && list.size() == count
                && list.stream().allMatch(Number.class::isInstance)) {
            return list.stream().mapToDouble(n -> ((Number) n).doubleValue()).toArray();
        }
        throw wrong(path, range, key, count + " numbers");
    }

    private static ConfigException wrong(String path, Mapping range, String key, String expected) {
        return new ConfigException(range.origin() + ": " + path + ": expected " + key + ": [...] with " + expected
                + ", found " + ConfigLoader.plain(range));
    }

    private static Value number(double v, ConfigNode at) {
        // Six digits: a rate is not known better, and run ids stay readable.
        String text = Double.toString(Double.parseDouble(String.format(Locale.ROOT, "%.6g", v)));
        return new Value(null, new Scalar(at.origin(), text, true));
    }

    /** Draw {@code index} from a distribution of a random search. */
    static Value draw(String path, ConfigNode node, Rng rng, long index) {
        if (node instanceof Sequence sequence && !sequence.items().isEmpty()) {
            return value(sequence.items().get((int) rng.below(index, sequence.items().size())));
        }
        if (node instanceof Mapping m && m.get("uniform") != null) {
            double[] r = numbers(path, m, "uniform", 2);
            return number(r[0] + (r[1] - r[0]) * rng.uniform(index), m);
        }
        if (node instanceof Mapping m && m.get("log_uniform") != null) {
            double[] r = numbers(path, m, "log_uniform", 2);
            if (!(r[0] > 0) || !(r[1] > 0)) {
                throw wrong(path, m, "log_uniform", "positive ends");
            }
            return number(r[0] * Math.pow(r[1] / r[0], rng.uniform(index)), m);
        }
        throw new ConfigException(node.origin() + ": " + path
                + ": expected {uniform: [from, to]}, {log_uniform: [from, to]} or a list to choose from, found "
                + node.describe());
    }
}
