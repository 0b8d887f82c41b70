package org.windtunnel.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.WorkTimes;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.bench.KernelBench;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.data.Dataset;
import org.windtunnel.train.ModelPlan;
import org.windtunnel.train.RunExecutor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code windtunnel bench kernels CONFIG}: the kernels of a training step on a GPU, by the time they take. */
@Command(
        name = "kernels",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Time each kernel of a training step on a GPU (runtime.backend: cuda), launched one by one.")
final class BenchKernelsCommand implements Callable<Integer> {
    private static final int WARM_UP = 3;

    @Mixin
    private ExperimentOptions experiment;

    @Option(names = "--steps", defaultValue = "5", description = "Steps to time, after " + WARM_UP + " others")
    private int steps;

    @Option(names = "--rows", defaultValue = "40", description = "Kinds of work to list")
    private int rows;

    @Override
    public Integer call() {
        List<String> overrides = new ArrayList<>(experiment.overrides);
        overrides.add("runtime.cuda_graphs=false");
        try (RunExecutor executor = new RunExecutor(Path.of(""))) {
            ExperimentSpec spec =
                    ConfigLoader.bind(Experiments.load(experiment.config(), overrides).experiment());
            Dataset data = executor.dataset(spec.data());
            ModelPlan plan = ModelPlan.of(spec, data.shape());
            try (Backend backend = Backends.open(plan.spec().runtime())) {
                print(KernelBench.run(plan, data, backend, WARM_UP, steps), plan);
            }
        }
        return ExitCode.DONE.code();
    }

    private void print(KernelBench.Times times, ModelPlan plan) {
        double step = times.stepMillis();
        long calls = times.rows().stream().mapToLong(WorkTimes.Row::calls).sum() / times.steps();
        System.out.printf(Locale.ROOT, "%s parameters, %d tokens or images a step: %.3f ms in %d calls, without what lies"
                + " between them%n", Terminal.count(plan.counts().total()), plan.tokensPerStep(), step, calls);
        TextTable table = new TextTable(List.of("work", "calls a step", "ms a step", "share", "us a call"));
        for (WorkTimes.Row row : times.rows().subList(0, Math.min(rows, times.rows().size()))) {
            double each = row.millis() / times.steps();
            table.row(List.of(
                    row.work(),
                    number("%.1f", (double) row.calls() / times.steps()),
                    number("%.3f", each),
                    number("%.1f %%", 100 * each / step),
                    number("%.1f", 1e3 * row.millis() / row.calls())));
        }
        System.out.print(table);
    }

    private static String number(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }
}
