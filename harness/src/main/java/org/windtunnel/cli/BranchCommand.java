package org.windtunnel.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.windtunnel.checkpoint.Checkpoints;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ConfigNode;
import org.windtunnel.config.ConfigWriter;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.launch.Branches;
import org.windtunnel.train.BranchPoint;
import org.windtunnel.train.RunJob;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code windtunnel branch RUN --at STEP}: a run that goes on from another one's state under another schedule. */
@Command(
        name = "branch",
        mixinStandardHelpOptions = true,
        description = "Start a run from the state of another one, such as a cooldown from a stable trunk. "
                + "The branch goes beside its trunk.")
final class BranchCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "RUN", description = "Directory of the trunk")
    private Path trunkDirectory;

    @Option(
            names = "--at",
            required = true,
            paramLabel = "STEP",
            description = "Finished steps of the trunk to start from; "
                    + "it must have a checkpoint of that step (checkpoint.keep_at, keep_every)")
    private long at;

    @Option(
            names = "--steps",
            defaultValue = "0.2",
            paramLabel = "N",
            description = "Length of the branch: steps, or below 1 "
                    + "a fraction of all its steps, those of the trunk included (default: ${DEFAULT-VALUE})")
    private double steps;

    @Option(
            names = "--schedule",
            paramLabel = "YAML",
            description =
                    "Schedule over all its steps, those of the trunk included, "
                            + "such as '{type: wsd, decay: 100, shape: linear}' (default: the trunk's peak, then a decay over the branch)")
    private String schedule;

    @Option(names = "--set", paramLabel = "PATH=VALUE", description = "Override another key, such as train.eval_every; "
            + "may be repeated")
    private List<String> overrides = List.of();

    @Override
    public Integer call() {
        RunJob trunk = StoredRun.read(trunkDirectory);
        if (!(steps > 0)) {
            throw new ConfigException("--steps: expected a positive number, found " + steps);
        }
        long start = Branches.start(trunk.spec(), at);
        new Checkpoints(trunkDirectory).at(start);
        ExperimentSpec spec = experiment(trunk.spec(), start);
        Branches.requireContinuable(trunk.spec(), spec);
        if (Branches.steps(spec) <= start) {
            throw new ConfigException("train.steps: expected more than " + start + ", where the branch starts, found "
                    + Branches.steps(spec));
        }
        BranchPoint point = new BranchPoint(trunk.runId(), trunk.identity(), start);
        String slug = Branches.slug(trunk.slug(), start);
        String hash = Branches.hash(spec, point);
        Map<String, Object> axes = new LinkedHashMap<>(trunk.axes());
        axes.put("train.steps", Branches.steps(spec));
        RunJob job = new RunJob(trunk.sweep(), slug + "_" + hash, slug, hash, axes, spec,
                given() + trunk.givenYaml(), point);
        Path directory = trunkDirectory.toAbsolutePath().normalize().resolveSibling(job.runId());
        return SingleRun.execute(job, ExperimentOptions.relative(directory), "deleting its directory").code();
    }

    private ExperimentSpec experiment(ExperimentSpec trunk, long start) {
        // Without a schedule of its own the branch needs a trunk whose rate is at its peak; with one, any will do.
        ExperimentSpec base = Branches.experiment(trunk, start, steps, schedule == null ? null : trunk.schedule());
        ConfigNode.Mapping tree = (ConfigNode.Mapping) ConfigLoader.value(ConfigWriter.yaml(base), "the branch");
        if (schedule != null) {
            tree = ConfigLoader.with(tree, "schedule", ConfigLoader.value(schedule, "--schedule"));
        }
        for (String override : overrides) {
            tree = ConfigLoader.override(tree, override);
        }
        return ConfigLoader.check(tree, ConfigLoader.bind(tree));
    }

    private String given() {
        StringBuilder given = new StringBuilder("# branch of " + trunkDirectory.getFileName() + " at step " + at
                + ", --steps " + steps + "\n");
        if (schedule != null) {
            given.append("# --schedule ").append(schedule.replaceAll("\\R", " ")).append('\n');
        }
        overrides.forEach(o -> given.append("# --set ").append(o.replaceAll("\\R", " ")).append('\n'));
        return given.toString();
    }
}
