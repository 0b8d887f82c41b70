package org.windtunnel.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.windtunnel.analysis.Numbers;
import org.windtunnel.analysis.curve.RunTable;
import org.windtunnel.analysis.trend.Trend;
import org.windtunnel.analysis.trend.Trends;
import org.windtunnel.config.ConfigException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code windtunnel trend RUNS --of KEY}: how a diagnostic at the end of training grows with the model. */
@Command(
        name = "trend",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description =
                "Print how a diagnostic at the end of training, such as the top singular value of hidden matrices, "
                        + "grows with the size of the model; trains nothing.")
final class TrendCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "RUNS", description = "Directories of run directories")
    private List<Path> directories;

    @Option(
            names = "--of",
            paramLabel = "KEY",
            defaultValue = "top_singular_value",
            description =
                    "Key of diag.jsonl: top_singular_value, activation_rms, update_ratio, max_logit, logit_z, ...")
    private String quantity;

    @Option(
            names = "--names",
            paramLabel = "REGEX",
            description = "Parameters or modules that count, by their whole names (default: all that have the key)")
    private String names;

    @Option(
            names = "--over",
            paramLabel = "PATH",
            defaultValue = "model.width",
            description = "Config path of the size")
    private String over;

    @Option(
            names = "--group",
            paramLabel = "PATH",
            split = ",",
            defaultValue = "parameterization.type",
            description = "Config paths whose values split the runs into groups to compare")
    private List<String> group;

    @Override
    public Integer call() {
        requirePattern();
        List<Trend> trends = Trends.of(RunTable.read(directories).runs(), quantity, names, over, group);
        if (trends.isEmpty()) {
            throw new ConfigException("no finished runs under " + directories + " with " + over + " and " + quantity
                    + " in their diag.jsonl; train with diagnostics.every > 0, or name another key with --of");
        }
        print(trends);
        return ExitCode.DONE.code();
    }

    private void requirePattern() {
        try {
            Pattern.compile(names == null ? "" : names);
        } catch (PatternSyntaxException e) {
            throw new ConfigException("--names: expected a regular expression, found \"" + names + "\" ("
                    + e.getDescription() + ")");
        }
    }

    private void print(List<Trend> trends) {
        TreeSet<Double> sizes = new TreeSet<>();
        trends.forEach(t -> t.points().forEach(p -> sizes.add(p.size())));
        List<String> header = new ArrayList<>(List.of("group"));
        sizes.forEach(s -> header.add(Numbers.text(s)));
        header.addAll(List.of("slope", "+-"));
        TextTable table = new TextTable(header);
        for (Trend trend : trends) {
            List<String> row = new ArrayList<>(List.of(trend.label()));
            for (double size : sizes) {
                row.add(trend.points().stream()
                        .filter(p -> p.size() == size)
                        .map(p -> Numbers.text(p.value()))
                        .findFirst()
                        .orElse("-"));
            }
            row.add(signed(trend.slope()));
            row.add(trend.margin() == null ? "-" : String.format(Locale.ROOT, "%.2f", trend.margin()));
            table.row(row);
        }
        System.out.println(quantity + " at the end of training by " + over);
        System.out.print(table);
    }

    private static String signed(Double slope) {
        return slope == null ? "-" : String.format(Locale.ROOT, "%+.2f", slope);
    }
}
