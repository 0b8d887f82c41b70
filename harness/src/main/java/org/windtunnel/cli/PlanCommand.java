package org.windtunnel.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ExperimentFile;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.ParameterizationSpec;
import org.windtunnel.data.Dataset;
import org.windtunnel.scaling.Compatibility;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.train.MemoryLedger;
import org.windtunnel.train.ModelPlan;
import org.windtunnel.train.RunExecutor;
import org.windtunnel.train.RunJob;
import org.windtunnel.train.RunSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code windtunnel plan CONFIG}: everything that follows from a config, before it is trained; {@code windtunnel plan
 * --law FIT}: the big run that a fitted law recommends.
 */
@Command(
        name = "plan",
        mixinStandardHelpOptions = true,
        description =
                "Print the table per parameter, counts, FLOPs, memory and the expected time of a run; or with --law"
                        + " how to spend a budget.")
final class PlanCommand implements Callable<Integer> {
    private static final int WARM_UP_STEPS = 3;
    private static final double MEASURE_SECONDS = 3;

    @Mixin
    private ExperimentOptions experiment;

    @Option(
            names = "--run",
            paramLabel = "ID",
            description = "Of a sweep: the run to plan (default: the one of most FLOPs)")
    private String run;

    @Option(names = "--no-timing", description = "Do not measure a few steps for the expected time")
    private boolean noTiming;

    @Mixin
    private LawPlan budget;

    private final PrintStream out = System.out;

    @Override
    public Integer call() {
        if (budget.law != null) {
            budget.print();
            return ExitCode.DONE.code();
        }
        ExperimentFile file = Experiments.load(experiment);
        try (RunExecutor executor = new RunExecutor(Path.of(""))) {
            RunJob job = choose(file, executor);
            Dataset data = executor.dataset(job.spec().data());
            ModelPlan plan = ModelPlan.of(job.spec(), data.shape());
            out.println(job.runId());
            tables(plan);
            summary(plan);
            out.print(SweepLedger.read(experiment, file).branchCosts());
            if (!noTiming) {
                timing(plan, data, executor);
            }
        }
        return ExitCode.DONE.code();
    }

    private RunJob choose(ExperimentFile file, RunExecutor executor) {
        List<RunJob> jobs = Experiments.jobs(file, executor);
        if (run != null) {
            return jobs.stream()
                    .filter(j -> j.runId().equals(run) || j.slug().equals(run))
                    .findFirst()
                    .orElseThrow(() -> new ConfigException("--run: no run is called " + run
                            + "; `windtunnel sweep --dry-run` lists them"));
        }
        RunJob largest = null;
        double most = -1;
        for (RunJob job : jobs) {
            double flops = ModelPlan.of(job.spec(), executor.dataset(job.spec().data()).shape()).flops();
            if (flops > most) {
                most = flops;
                largest = job;
            }
        }
        return largest;
    }

    private void tables(ModelPlan plan) {
        TextTable parameters = new TextTable(ScalingTable.HEADER);
        plan.scaling().cells(plan.spec().optimizer()).forEach(parameters::row);
        out.println(parameters);
        ParameterizationSpec rules = plan.spec().parameterization();
        OptimizerSpec optimizer = plan.spec().optimizer();
        if (Compatibility.cell(rules, optimizer) == Compatibility.Cell.DERIVED) {
            out.println("these multipliers are derived from the published rules for "
                    + Compatibility.origin(rules, optimizer) + ", not published themselves\n");
        }
        TextTable forward = new TextTable(List.of("forward multiplier", ""));
        plan.scaling().forwardCells().forEach(forward::row);
        out.println(forward);
    }

    private void summary(ModelPlan plan) {
        MemoryLedger memory = Experiments.ledger(plan);
        String unit = plan.spec().model().unit();
        TextTable t = new TextTable(List.of("", "total", "detail"));
        t.row(List.of("parameters", Terminal.count(plan.counts().total()), String.format(
                "%d non-embedding + %d embedding", plan.counts().nonEmbedding(), plan.counts().embedding())));
        t.row(List.of(
                "budget",
                Terminal.count((double) plan.steps() * plan.tokensPerStep()) + " " + unit,
                String.format(
                        "%d steps of %d %s, %.1f for each non-embedding parameter",
                        plan.steps(),
                        plan.tokensPerStep(),
                        unit,
                        (double) plan.steps()
                                * plan.tokensPerStep()
                                / plan.counts().nonEmbedding())));
        t.row(List.of("FLOPs", Terminal.count(plan.flops()), Terminal.count(plan.flopsPerToken())
                + " for each of the " + unit + ", forward and backward"));
        t.row(List.of("memory", MemoryLedger.bytes(memory.total()), String.format(
                "weights %s, gradients %s, optimizer state %s, activations %s, checkpoint copy %s, "
                        + "diagnostics %s", MemoryLedger.bytes(memory.weights()),
                MemoryLedger.bytes(memory.gradients()), MemoryLedger.bytes(memory.optimizer()),
                MemoryLedger.bytes(memory.activations()), MemoryLedger.bytes(memory.checkpoint()),
                MemoryLedger.bytes(memory.diagnostics()))));
        out.println(t);
        plan.family().remarks().forEach(remark -> out.println("note: " + remark));
    }

    /** Trains a few steps for real: nothing else predicts a machine's speed at a shape so well. */
    private void timing(ModelPlan plan, Dataset data, RunExecutor executor) {
        Backend backend = executor.backend(plan.spec().runtime());
        plan.ledger(backend.storagePolicy()).requireAvailable(backend);
        try (RunSession session = new RunSession(plan, data, backend)) {
            long step = 0;
            while (step < WARM_UP_STEPS) {
                session.step(step++);
            }
            long start = System.nanoTime();
            long measured = 0;
            double best = Double.POSITIVE_INFINITY;
            while (measured == 0 || (System.nanoTime() - start) / 1e9 < MEASURE_SECONDS) {
                long before = System.nanoTime();
                session.step(step++);
                best = Math.min(best, (System.nanoTime() - before) / 1e9);
                measured++;
            }
            out.printf(
                    "time: about %s (best of %d measured steps: %.1f ms, %s %s/s, %.1f GFLOPS on %d thread%s)%n",
                    Terminal.duration(best * plan.steps()),
                    measured,
                    best * 1e3,
                    Terminal.count(plan.tokensPerStep() / best),
                    plan.spec().model().unit(),
                    plan.flopsPerToken() * plan.tokensPerStep() / best / 1e9,
                    plan.spec().runtime().threads(),
                    plan.spec().runtime().threads() == 1 ? "" : "s");
        }
    }
}
