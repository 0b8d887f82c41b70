package org.windtunnel.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.windtunnel.analysis.Numbers;
import org.windtunnel.analysis.compare.Comparison;
import org.windtunnel.analysis.compare.Contender;
import org.windtunnel.analysis.curve.RunTable;
import org.windtunnel.analysis.transfer.Labels;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code windtunnel compare RUNS}: families of runs, such as optimizers, each at its best learning rate. */
@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Compare families of runs, such as optimizers, each at its own best learning rate (and its best "
                + "setting of whatever else its runs vary); trains nothing.")
final class CompareCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "RUNS", description = "Directories of run directories")
    private List<Path> directories;

    @Option(
            names = "--group",
            paramLabel = "PATH",
            split = ",",
            defaultValue = "optimizer.type,optimizer.nesterov",
            description = "Config paths whose values make a family")
    private List<String> group;

    @Option(names = "--baseline", paramLabel = "FAMILY", defaultValue = "adamw", description = "What to compare with")
    private String baseline;

    @Option(
            names = "--lr",
            paramLabel = "PATH",
            defaultValue = "optimizer.lr",
            description = "Path of the learning rate")
    private String lr;

    @Override
    public Integer call() {
        List<Contender> contenders = Comparison.of(RunTable.read(directories).runs(), lr, group, baseline);
        TextTable table = new TextTable(List.of("family", "best LR", "seeds", "loss", "+-", "against " + baseline, "+-",
                "steps to its loss", "state B/param", "ms/step"));
        for (Contender c : contenders) {
            table.row(List.of(
                    c.others().isEmpty() ? c.label() : c.label() + ", " + Labels.of(c.others()),
                    Numbers.text(c.lr()) + (c.edge() ? " (edge)" : ""),
                    Integer.toString(c.seeds()),
                    number("%.4f", c.loss()),
                    number("%.4f", c.error()),
                    number("%+.4f", c.difference()),
                    number("%.4f", c.differenceError()),
                    c.stepsToBaseline() == null ? "not in " + c.steps() : Long.toString(c.stepsToBaseline()),
                    number("%.2f", c.stateBytesPerParameter()),
                    number("%.1f", c.millisecondsPerStep())));
        }
        System.out.print(table);
        return ExitCode.DONE.code();
    }

    private static String number(String format, Double value) {
        return value == null || value.isNaN() ? "-" : String.format(Locale.ROOT, format, value);
    }
}
