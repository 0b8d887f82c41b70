package org.windtunnel.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.windtunnel.analysis.fit.FitFile;
import org.windtunnel.analysis.fit.TableFit;
import org.windtunnel.analysis.plan.Allocation;
import org.windtunnel.analysis.plan.BudgetLines;
import org.windtunnel.analysis.plan.Frontier;
import org.windtunnel.config.ConfigException;
import picocli.CommandLine.Option;

/** The options of {@code windtunnel plan --law FIT}: how to spend a budget, by fitted laws. */
final class LawPlan {
    @Option(names = "--law", paramLabel = "FIT", description = "Plan a big run by a law that fit --out wrote")
    Path law;

    @Option(names = "--flops", paramLabel = "C", description = "With --law: compute to spend")
    private Double flops;

    @Option(names = "--tokens", paramLabel = "D", description = "With --law: tokens to train on")
    private Double tokens;

    @Option(names = "--loss", paramLabel = "L", description = "With --law: loss to reach, nats per token")
    private Double loss;

    @Option(names = "--hyper-law", paramLabel = "FIT", split = ",",
            description = "With --law: fits of the learning rate or batch size in N and D, for recommendations")
    private List<Path> hyper = List.of();

    void print() {
        int given = (flops == null ? 0 : 1) + (tokens == null ? 0 : 1) + (loss == null ? 0 : 1);
        if (given != 1) {
            throw new ConfigException("plan --law: expected one of --flops, --tokens and --loss, found " + given);
        }
        TableFit fit = FitFile.read(law);
        Frontier frontier = new Frontier(fit);
        Allocation allocation;
        if (flops != null) {
            allocation = frontier.ofCompute(positive("--flops", flops));
        } else if (tokens != null) {
            allocation = frontier.ofTokens(positive("--tokens", tokens));
        } else {
            allocation = frontier.ofLoss(positive("--loss", loss));
        }
        List<String> lines = new ArrayList<>(BudgetLines.of(fit, allocation));
        for (Path path : hyper) {
            lines.addAll(BudgetLines.of(FitFile.read(path), allocation.n(), allocation.d()));
        }
        lines.forEach(System.out::println);
    }

    private static double positive(String option, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new ConfigException(option + ": expected a number above 0, found " + value);
        }
        return value;
    }
}
