package org.windtunnel.analysis.study;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.IntStream;
import org.windtunnel.analysis.curve.Curve;
import org.windtunnel.analysis.curve.Evaluation;
import org.windtunnel.analysis.curve.Run;
import org.windtunnel.analysis.transfer.Labels;

/** Turns runs into rows of a table and into curves for drawing. */
final class RunTables {
    /** Points of a drawn curve: enough for its shape, few enough for a report of a hundred runs. */
    private static final int DRAWN = 200;

    private RunTables() {}

    static List<RunRow> rows(List<Run> runs, StudyOptions options, Set<String> inLaw) {
        return runs.stream()
                .map(r -> row(r, options, inLaw.contains(r.runId())))
                .toList();
    }

    private static RunRow row(Run run, StudyOptions options, boolean inLaw) {
        double d = run.tokens();
        return new RunRow(
                run.runId(),
                run.slug(),
                group(run, options),
                run.status(),
                run.reason(),
                run.axes(),
                run.seed(),
                boxed(run.number(options.widthPath())),
                boxed(run.number(options.lrPath())),
                run.size(options.size()),
                run.paramsTotal(),
                run.paramsNonEmbedding(),
                d,
                run.flopsPerToken() * d,
                boxed(run.lastEvalLoss()),
                boxed(run.lastEvalError()),
                finite(run.curve().tailLoss()),
                finite(run.curve().medianTokensPerSecond()),
                run.wallSeconds(),
                inLaw);
    }

    static String group(Run run, StudyOptions options) {
        return Labels.of(Labels.values(run, options.groupPaths()));
    }

    private static Double boxed(OptionalDouble value) {
        return value.isPresent() ? finite(value.getAsDouble()) : null;
    }

    private static Double finite(double value) {
        return Double.isFinite(value) ? value : null;
    }

    static List<CurveSeries> curves(List<Run> runs, StudyOptions options) {
        List<CurveSeries> curves = new ArrayList<>();
        for (Run run : runs) {
            if (run.curve().size() > 0 || !run.evaluations().isEmpty()) {
                curves.add(series(run, options));
            }
        }
        return curves;
    }

    private static CurveSeries series(Run run, StudyOptions options) {
        Curve curve = run.curve();
        int[] kept = IntStream.range(0, curve.size())
                .filter(i -> Double.isFinite(curve.loss()[i]) && Double.isFinite(curve.tokens()[i]))
                .toArray();
        int groups = Math.min(DRAWN, kept.length);
        double[] tokens = new double[groups];
        double[] flops = new double[groups];
        double[] loss = new double[groups];
        for (int g = 0; g < groups; g++) {
            int from = (int) ((long) g * kept.length / groups);
            int to = (int) ((long) (g + 1) * kept.length / groups);
            // Each stretch stands at its last step, so that the final point is the run's end.
            tokens[g] = curve.tokens()[kept[to - 1]];
            flops[g] = curve.flops()[kept[to - 1]];
            loss[g] = Arrays.stream(kept, from, to)
                    .mapToDouble(i -> curve.loss()[i])
                    .average()
                    .orElseThrow();
        }
        List<Evaluation> evals = run.evaluations().stream()
                .filter(e -> Double.isFinite(e.loss()))
                .toList();
        return new CurveSeries(
                run.runId(),
                run.slug(),
                group(run, options),
                run.status(),
                boxed(run.number(options.widthPath())),
                boxed(run.number(options.lrPath())),
                tokens,
                flops,
                loss,
                evals.stream().mapToDouble(Evaluation::tokens).toArray(),
                evals.stream().mapToDouble(Evaluation::loss).toArray());
    }
}
