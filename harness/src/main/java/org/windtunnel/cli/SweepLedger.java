package org.windtunnel.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.windtunnel.checkpoint.Checkpoints;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ExperimentFile;
import org.windtunnel.config.RuntimeSpec.BackendName;
import org.windtunnel.launch.Launcher.Held;
import org.windtunnel.launch.LocalJob;
import org.windtunnel.launch.WorkerMessage.Assign;
import org.windtunnel.launch.registry.Launchers;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.record.RunStatus;
import org.windtunnel.train.MemoryLedger;
import org.windtunnel.train.ModelPlan;
import org.windtunnel.train.RunExecutor;
import org.windtunnel.train.RunJob;

/** The runs of a sweep and how they stand: what the experiment file plans, against what the run directories say. */
final class SweepLedger {
    private final Path directory;
    private final List<Row> rows;
    private Map<String, Held> held;

    private SweepLedger(Path directory, List<Row> rows) {
        this.directory = directory;
        this.rows = rows;
    }

    /**
     * A planned run.
     *
     * @param status its marker, or null
     */
    record Row(RunJob job, ModelPlan plan, RunStatus status) {

        /** Steps that this run itself takes. */
        long steps() {
            return plan.steps() - (job.branch() == null ? 0 : job.branch().step());
        }

        double tokens() {
            return (double) steps() * plan.tokensPerStep();
        }

        double flops() {
            return tokens() * plan.flopsPerToken();
        }

        /** Expected work: FLOPs, and a share for each token that does not shrink with the model. */
        double cost() {
            return tokens() * (plan.flopsPerToken() + 2e6);
        }

        long memory() {
            return Experiments.ledger(plan).total();
        }

        /** Of the memory of the device that it is done on. */
        long deviceMemory() {
            return Experiments.ledger(plan).onBackend();
        }

        /** Of the machine's memory: a GPU's is its own. */
        private long hostMemory() {
            MemoryLedger ledger = Experiments.ledger(plan);
            return job.spec().runtime().backend() == BackendName.CUDA ? ledger.checkpoint() : ledger.total();
        }

        LocalJob localJob() {
            Assign assign = new Assign(job.sweep(), job.runId(), job.slug(), job.hash(), job.axes(), job.givenYaml(),
                    job.resolvedYaml(), job.branch());
            return new LocalJob(assign, cost(), hostMemory());
        }
    }

    /** Reads experiment file and run directories. */
    static SweepLedger read(ExperimentOptions options, ExperimentFile file) {
        List<Row> rows = new ArrayList<>();
        Path directory = null;
        try (RunExecutor executor = new RunExecutor(Path.of(""))) {
            for (RunJob job : Experiments.jobs(file, executor)) {
                directory = options.directory(job.sweep());
                ModelPlan plan = ModelPlan.of(job.spec(), executor.dataset(job.spec().data()).shape());
                Optional<RunStatus> status = RunDirectory.statusOf(directory.resolve(job.runId()));
                rows.add(new Row(job, plan, status.orElse(null)));
            }
        }
        return new SweepLedger(directory, rows);
    }

    Path directory() {
        return directory;
    }

    List<Row> rows() {
        return rows;
    }

    /** Name of the sweep. */
    String name() {
        return rows.get(0).job.sweep();
    }

    /** Runs that an engine has and that have not ended; asked once. */
    private Map<String, Held> held() {
        if (held == null) {
            held = Launchers.held(directory);
            for (Row row : rows) {
                if (row.status != null && row.status != RunStatus.PREEMPTED) {
                    held.remove(row.job.runId());
                }
            }
        }
        return held;
    }

    /**
     * Runs that are still to be done and that no engine has. A branch of a trunk that is left out is left for later.
     *
     * @param failed whether failed ones are among them
     * @param owned whether those are that a process of this machine is at
     */
    List<Row> missing(boolean failed, boolean owned) {
        Set<String> decided = new HashSet<>();
        Set<String> found = new HashSet<>();
        List<Row> missing = new ArrayList<>();
        for (Row row : rows) {
            RunStatus status = row.status;
            String id = row.job.runId();
            String trunk = row.job.branch() == null ? null : row.job.branch().parent();
            boolean open = status == null || status == RunStatus.PREEMPTED || failed && status == RunStatus.FAILED;
            if (!open) {
                decided.add(id);
            } else if (!held().containsKey(id)
                    && (owned || !RunDirectory.isOwned(directory.resolve(id)))
                    && (trunk == null || decided.contains(trunk) || found.contains(trunk))) {
                found.add(id);
                missing.add(row);
            }
        }
        return missing;
    }

    /** Takes the mark off failed runs that are to be done again, so that whoever does them sees them as any other. */
    void clearFailed(List<Row> missing) {
        for (Row row : missing) {
            if (row.status == RunStatus.FAILED) {
                try (RunDirectory run = RunDirectory.open(directory.resolve(row.job.runId()))) {
                    run.clearMarkers();
                }
            }
        }
    }

    /**
     * Checks that trunks which are done kept the states that branches to be done start from.
     *
     * @throws ConfigException with what to do
     */
    void requireTrunks(List<Row> missing) {
        Map<String, RunStatus> ended = new HashMap<>();
        rows.forEach(r -> ended.put(r.job.runId(), r.status));
        for (Row row : missing) {
            if (row.job.branch() != null && ended.get(row.job.branch().parent()) == RunStatus.DONE) {
                Path trunk = directory.resolve(row.job.branch().parent());
                if (!new Checkpoints(trunk).list().containsKey(row.job.branch().step())) {
                    throw new ConfigException("sweep.branches: the trunk " + trunk + " is done and has no checkpoint of step "
                            + row.job.branch().step() + ", found " + new Checkpoints(trunk).list().keySet()
                            + "; branch at one of these, or delete the directory to have the trunk trained again");
                }
            }
        }
    }

    /** A table of all runs with what they take. */
    String costs() {
        TextTable table = new TextTable(List.of("run", "params", "steps", rows.get(0).job.spec().model().unit(), "FLOPs", "memory", "status"));
        double flops = 0;
        for (Row row : rows) {
            flops += row.flops();
            table.row(List.of(
                    row.job.runId(),
                    Terminal.count(row.plan.counts().nonEmbedding()),
                    Long.toString(row.steps()),
                    Terminal.count(row.tokens()),
                    Terminal.count(row.flops()),
                    MemoryLedger.bytes(row.memory()),
                    row.status == null ? "to do" : name(row.status)));
        }
        return table + String.format("%d runs, %sFLOP%n", rows.size(), Terminal.count(flops)) + branchCosts();
    }

    /** What trunks and branches cost, piece by piece, and what branching saves; empty without branches. */
    String branchCosts() {
        List<Row> branches = rows.stream().filter(r -> r.job.branch() != null).toList();
        if (branches.isEmpty()) {
            return "";
        }
        double own = rows.stream().mapToDouble(Row::flops).sum();
        double ofBranches = branches.stream().mapToDouble(Row::flops).sum();
        double scratch = rows.stream().mapToDouble(r -> r.plan.flops()).sum();
        return String.format("branches: %d runs go on from %d trunks; %sFLOP for the branches + %sFLOP for all else = %sFLOP;"
                        + " each from its first step %sFLOP%n",
                branches.size(), branches.stream().map(r -> r.job.branch().parent()).distinct().count(),
                Terminal.count(ofBranches), Terminal.count(own - ofBranches), Terminal.count(own), Terminal.count(scratch));
    }

    /** Every run with how it stands now, and the totals. */
    String status() {
        TextTable table = new TextTable(List.of("run", "status", "step", "of", "checkpoint"));
        Map<String, Integer> totals = new TreeMap<>();
        for (Row row : rows) {
            Path run = directory.resolve(row.job.runId());
            String state = state(row, run);
            totals.merge(state, 1, Integer::sum);
            var checkpoints = new Checkpoints(run).list();
            table.row(List.of(row.job.runId(), state, lastStep(run), Long.toString(row.plan.steps()),
                    checkpoints.isEmpty() ? "-" : Long.toString(checkpoints.lastKey())));
        }
        StringBuilder line = new StringBuilder(rows.size() + " runs:");
        totals.forEach((state, n) -> line.append(' ').append(n).append(' ').append(state).append(','));
        return table + line.substring(0, line.length() - 1) + System.lineSeparator() + heldLines();
    }

    private String state(Row row, Path run) {
        if (row.status == RunStatus.DONE || row.status == RunStatus.DIVERGED) {
            return name(row.status);
        }
        if (RunDirectory.isOwned(run)) {
            return "running";
        }
        Held by = held().get(row.job.runId());
        if (by != null) {
            // A lock of another machine cannot be seen on every file system.
            return by.running() && row.status == null && Files.isDirectory(run) ? "running" : "queued";
        }
        if (row.status != null) {
            return name(row.status);
        }
        return Files.isDirectory(run) ? "interrupted" : "to do";
    }

    /** A line for each job of an engine, on what it has; empty if none has any. */
    String heldLines() {
        Map<String, List<Held>> jobs = new LinkedHashMap<>();
        held().values().forEach(h -> jobs.computeIfAbsent(h.engine() + " " + h.job(), job -> new ArrayList<>()).add(h));
        StringBuilder lines = new StringBuilder();
        jobs.forEach((job, runs) -> {
            long running = runs.stream().filter(Held::running).count();
            String reasons = runs.stream().filter(h -> !h.running() && h.reason() != null).map(Held::reason).distinct()
                    .sorted().collect(Collectors.joining(", "));
            lines.append(String.format("%s has %d of them: %d in tasks under way, %d waiting%s%n", job, runs.size(), running,
                    runs.size() - running, reasons.isEmpty() ? "" : " (" + reasons + ")"));
        });
        return lines.toString();
    }

    /** Step of the last whole line of the curve. */
    private static String lastStep(Path run) {
        OptionalLong step = CurveTail.lastStep(run.resolve("curve.jsonl"));
        return step.isPresent() ? Long.toString(step.getAsLong()) : "-";
    }

    private static String name(RunStatus status) {
        return status.name().toLowerCase(Locale.ROOT);
    }

    /** How many runs have ended how, by the markers as they are now. */
    Map<RunStatus, Integer> ended() {
        return ended(directory, rows.stream().map(row -> row.job.runId()).toList());
    }

    /** How many of these runs have ended how. @param directory of the sweep */
    static Map<RunStatus, Integer> ended(Path directory, List<String> runIds) {
        Map<RunStatus, Integer> counts = new EnumMap<>(RunStatus.class);
        for (String id : runIds) {
            RunDirectory.statusOf(directory.resolve(id)).ifPresent(s -> counts.merge(s, 1, Integer::sum));
        }
        return counts;
    }
}
