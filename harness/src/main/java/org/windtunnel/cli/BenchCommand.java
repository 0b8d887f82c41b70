package org.windtunnel.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.bench.OptimizerBench;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.data.Dataset;
import org.windtunnel.train.ModelPlan;
import org.windtunnel.train.RunExecutor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code windtunnel bench CONFIG}: what each optimizer's update costs on a config's model. */
@Command(
        name = "bench",
        subcommands = {BenchFitCommand.class, BenchKernelsCommand.class},
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Time the update of each optimizer on the model of a config, beside a copy and a matrix product.")
final class BenchCommand implements Callable<Integer> {
    private static final int WARM_UP = 5;

    @Mixin
    private ExperimentOptions experiment;

    @Option(
            names = "--optimizers",
            split = ",",
            defaultValue = "sgd,adamw,sgd_sai,apollo,apollo_mini,muon,muonh",
            description = "Optimizers to time, with their defaults")
    private List<String> optimizers;

    @Option(names = "--rounds", defaultValue = "20", description = "Steps of each optimizer, taken in turn")
    private int rounds;

    @Override
    public Integer call() {
        try (RunExecutor executor = new RunExecutor(Path.of(""))) {
            Map<String, ModelPlan> plans = new LinkedHashMap<>();
            Dataset data = null;
            for (String optimizer : optimizers) {
                List<String> overrides = new ArrayList<>(experiment.overrides);
                overrides.add("optimizer={type: " + optimizer + ", lr: 1e-4}");
                ExperimentSpec spec =
                        ConfigLoader.bind(Experiments.load(experiment.config(), overrides).experiment());
                data = executor.dataset(spec.data());
                plans.put(optimizer, ModelPlan.of(spec, data.shape()));
            }
            ExperimentSpec any = plans.values().iterator().next().spec();
            try (Backend backend = Backends.open(any.runtime());
                    OptimizerBench bench = new OptimizerBench(plans, data, backend)) {
                bench.run(WARM_UP, true);
                bench.run(rounds, false);
                print(bench, plans.values().iterator().next(), any.runtime().threads());
            }
        }
        return ExitCode.DONE.code();
    }

    private static void print(OptimizerBench bench, ModelPlan plan, int threads) {
        System.out.printf(Locale.ROOT, "%s parameters, %d threads; a copy moves %.1f GB/s, a product of %d x %d "
                + "matrices runs at %.0f GFLOPS%s%n", Terminal.count(plan.counts().total()), threads,
                bench.copyGigabytesPerSecond(), bench.gemmSize(), bench.gemmSize(), bench.gemmGigaflops(),
                Double.isNaN(bench.gemmOfPeak())
                        ? ""
                        : number(", %.1f %% of the published peak (what MFU can reach)", 100 * bench.gemmOfPeak()));
        TextTable table = new TextTable(List.of("optimizer", "update ms", "share of step", "MFU", "bytes/param", "GB/s",
                "of copy", "Newton-Schulz GFLOPS", "of product"));
        for (OptimizerBench.Row row : bench.rows()) {
            table.row(List.of(
                    row.optimizer(),
                    number("%.2f", row.updateMillis()),
                    number("%.1f %%", 100 * row.share()),
                    number("%.1f %%", 100 * row.mfu()),
                    row.bytes().isPresent()
                            ? number("%.1f", (double) row.bytes().getAsLong() / plan.counts().total())
                            : "-",
                    number("%.1f", row.gigabytesPerSecond()),
                    number("%.0f %%", 100 * row.ofCopy()),
                    number("%.0f", row.gigaflops()),
                    number("%.0f %%", 100 * row.ofGemm())));
        }
        System.out.print(table);
    }

    private static String number(String format, double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, format, value);
    }
}
