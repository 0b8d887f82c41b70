package org.windtunnel.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Reads experiment files: strict, with the place of every mistake. */
public final class ConfigLoader {
    private static final String SWEEP = "sweep";
    private static final String ANALYSIS = "analysis";

    private ConfigLoader() {}

    /**
     * @param overrides {@code path=value} each, the value in YAML
     * @throws ConfigException naming file, line and column of what is wrong
     */
    public static ExperimentFile load(Path file, List<String> overrides) {
        String text = YamlReader.text(file);
        StringBuilder given = new StringBuilder();
        ConfigNode.Mapping root = section(YamlReader.read(text, file.toString()));
        for (String override : overrides) {
            root = override(root, override);
            given.append("# --set ").append(override.replace("\n", " ")).append('\n');
        }
        Problems problems = new Problems();
        SweepSpec sweep = optional(root, SWEEP, SweepSpec.class, problems);
        AnalysisSpec analysis = optional(root, ANALYSIS, AnalysisSpec.class, problems);
        problems.throwIfAny();
        ConfigNode.Mapping experiment = root.without(SWEEP).without(ANALYSIS);
        if (sweep == null) {
            check(experiment, bind(experiment));
        } else {
            checkKeys(experiment);
        }
        return new ExperimentFile(
                given + text, experiment, sweep, analysis != null ? analysis : defaults(AnalysisSpec.class));
    }

    /** The experiment in a YAML text, such as a resolved one. @param source names it in messages */
    public static ExperimentSpec parse(String yaml, String source) {
        return bind(section(YamlReader.read(yaml, source)));
    }

    /** @throws ConfigException with every problem found, at most ten */
    public static ExperimentSpec bind(ConfigNode.Mapping experiment) {
        Problems problems = new Problems();
        ExperimentSpec spec = (ExperimentSpec) new Binder(problems).record(experiment, ExperimentSpec.class, "", null);
        problems.throwIfAny();
        return spec;
    }

    /**
     * Checks what single keys can't show: that the heads divide the width, and that there is one budget.
     *
     * @param experiment where {@code spec} was written
     * @return {@code spec}
     * @throws ConfigException with the place of the section
     */
    public static ExperimentSpec check(ConfigNode.Mapping experiment, ExperimentSpec spec) {
        Problems problems = new Problems();
        check(experiment, "model", () -> spec.model().requireConsistent(), problems);
        check(experiment, "train", () -> spec.train().resolvedSteps(spec.model().unitsPerExample()), problems);
        problems.throwIfAny();
        return spec;
    }

    private static void check(ConfigNode.Mapping experiment, String section, Runnable check, Problems problems) {
        try {
            check.run();
        } catch (ConfigException refusal) {
            Origin origin = experiment.entries().get(section).keyOrigin();
            problems.add(Problems.Kind.CONFLICT, origin, "", refusal.getMessage());
        }
    }

    /** A tree with one path set to a value. */
    public static ConfigNode.Mapping with(ConfigNode.Mapping experiment, String path, ConfigNode value) {
        return ConfigNode.set(experiment, path, value);
    }

    /** A value given outside a file. @param source names it in messages */
    public static ConfigNode value(String yaml, String source) {
        return YamlReader.value(yaml, source);
    }

    /** What a node means as a plain Java value: Boolean, Long, Double, String, List or Map. */
    public static Object plain(ConfigNode node) {
        return Values.plain(node);
    }

    private static ConfigNode.Mapping section(ConfigNode root) {
        if (root instanceof ConfigNode.Mapping mapping) {
            return mapping;
        }
        throw new ConfigException(root.origin() + ": expected the keys of an experiment (name, model, data, ...), found "
                + root.describe());
    }

    /** A tree with one {@code path=value}, the value in YAML, as {@code --set} gives it. */
    public static ConfigNode.Mapping override(ConfigNode.Mapping root, String override) {
        int equals = override.indexOf('=');
        if (equals <= 0) {
            throw new ConfigException("--set " + override + ": expected PATH=VALUE, for example --set model.width=128");
        }
        // The source stands in front of every message, and a message is one line.
        String source = "--set " + override.replaceAll("\\R", " ");
        return ConfigNode.set(
                root, override.substring(0, equals).strip(), YamlReader.value(override.substring(equals + 1), source));
    }

    private static <T> T optional(ConfigNode.Mapping root, String key, Class<T> type, Problems problems) {
        ConfigNode node = root.get(key);
        return node == null || node.isNull() ? null : type.cast(new Binder(problems).bind(node, type, key, null));
    }

    private static <T> T defaults(Class<T> type) {
        Problems problems = new Problems();
        ConfigNode.Mapping empty = new ConfigNode.Mapping(Origin.of("defaults"), Map.of());
        return type.cast(new Binder(problems).record(empty, type, "", null));
    }

    /** With a sweep, keys may still be missing or not go together; what is there must be right all the same. */
    private static void checkKeys(ConfigNode.Mapping experiment) {
        Problems problems = new Problems();
        new Binder(problems).record(experiment, ExperimentSpec.class, "", null);
        if (problems.any(Problems.Kind.INVALID)) {
            throw problems.exception();
        }
    }
}
