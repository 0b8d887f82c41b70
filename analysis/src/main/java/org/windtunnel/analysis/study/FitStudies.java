package org.windtunnel.analysis.study;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import org.windtunnel.analysis.fit.Bootstrap;
import org.windtunnel.analysis.fit.FitErrors;
import org.windtunnel.analysis.fit.FitFile;
import org.windtunnel.analysis.fit.FittedLaw;
import org.windtunnel.analysis.fit.HoldOut;
import org.windtunnel.analysis.fit.TableFit;
import org.windtunnel.analysis.plan.Allocation;
import org.windtunnel.analysis.plan.Frontier;
import org.windtunnel.analysis.plan.Slices;

/** A fit of a table as a report shows it. */
public final class FitStudies {
    private static final double[] BUDGETS = {0.01, 0.1, 1, 10, 100};
    private static final Set<List<String>> SPLIT = Set.of(List.of("N", "D"), List.of("C", "M"));

    private final TableFit fit;
    private final FittedLaw law;

    private FitStudies(TableFit fit) {
        this.fit = fit;
        law = FitFile.law(fit);
    }

    /** A study without runs that holds the fit as its law. */
    public static StudyResult of(TableFit fit) {
        List<Warning> warnings = new ArrayList<>();
        if (!fit.converged()) {
            warnings.add(new Warning("law", null, "the fit did not converge", "do not use the numbers"));
        }
        fit.weaknesses().forEach(w -> warnings.add(new Warning("law", w.parameter(), w.message(), w.remedy())));
        fit.holdOuts().stream()
                .filter(h -> h.errors().are() > h.bestBaseline())
                .forEach(h -> warnings.add(new Warning(
                        "law",
                        null,
                        String.format(
                                Locale.ROOT,
                                "fitted without %s it predicts the others within %.2f %% on average, a baseline within %.2f %%",
                                h.rule(),
                                100 * h.errors().are(),
                                100 * h.bestBaseline()),
                        "do not extrapolate that way before the law beats it")));
        return new StudyResult(
                StudyResult.FORMAT,
                fit.source(),
                null,
                StudyOptions.defaults(),
                List.of(),
                List.of(),
                List.of(),
                new FitStudies(fit).study(),
                null,
                warnings);
    }

    private LawStudy study() {
        Bootstrap bootstrap = FitFile.bootstrap(fit);
        return new LawStudy(
                fit.law(),
                fit.formula(),
                fit.inputs(),
                fit.output(),
                fit.source(),
                fit.parameters(),
                points(),
                fit.objective(),
                0,
                fit.converged(),
                fit.optima().stream()
                        .map(o -> new LawStudy.Optimum(o.objective(), o.values(), o.starts()))
                        .toList(),
                fit.errors(),
                holdOut(),
                fit.holdOuts(),
                bootstrap.resamples(),
                fit.level(),
                Slices.of(law, bootstrap, fit.rows()),
                allocations(),
                fit.profiles(),
                bootstrap.naturals(),
                fit.exponent());
    }

    private double input(int row, String name) {
        int column = fit.inputs().indexOf(name);
        return column < 0 ? Double.NaN : fit.rows()[row][column];
    }

    private double compute(int row) {
        return fit.inputs().contains("C") ? input(row, "C") : 6 * input(row, "N") * input(row, "D");
    }

    private List<LawStudy.Point> points() {
        Set<Integer> held = new HashSet<>();
        fit.holdOuts().stream().limit(1).forEach(h -> IntStream.of(h.held()).forEach(held::add));
        List<LawStudy.Point> points = new ArrayList<>();
        for (int i = 0; i < fit.rows().length; i++) {
            double measured = fit.outputs()[i];
            double predicted = law.predict(fit.rows()[i]);
            points.add(new LawStudy.Point(
                    fit.rows()[i],
                    input(i, "N"),
                    input(i, "D"),
                    compute(i),
                    measured,
                    predicted,
                    Math.log(predicted / measured),
                    held.contains(i),
                    null,
                    List.of("row " + (i + 1))));
        }
        return points;
    }

    private HoldOut holdOut() {
        if (fit.holdOuts().isEmpty()) {
            return null;
        }
        TableFit.Prediction h = fit.holdOuts().get(0);
        List<HoldOut.Point> points = new ArrayList<>();
        for (int i = 0; i < h.held().length; i++) {
            int row = h.held()[i];
            points.add(new HoldOut.Point(
                    input(row, "N"), input(row, "D"), fit.outputs()[row], h.predicted()[i], Double.NaN, Double.NaN));
        }
        FitErrors first = h.baselines().isEmpty() ? null : h.baselines().get(0).errors();
        String sentence = String.format(
                Locale.ROOT,
                "Without %s, %d rows fitted, the law predicts the %d others within %.2f %% on average, the best baseline"
                        + " within %s",
                h.rule(),
                h.trained(),
                h.errors().points(),
                100 * h.errors().are(),
                Double.isInfinite(h.bestBaseline())
                        ? "-"
                        : String.format(Locale.ROOT, "%.2f %%", 100 * h.bestBaseline()));
        return new HoldOut(h.rule(), h.trained(), points, h.errors(), first, null, sentence);
    }

    private List<Allocation> allocations() {
        if (!SPLIT.contains(fit.inputs()) || !fit.output().equals("loss") || !Double.isFinite(fit.compute())) {
            return List.of();
        }
        Frontier frontier = new Frontier(fit);
        return IntStream.range(0, BUDGETS.length)
                .mapToObj(i -> frontier.ofCompute(BUDGETS[i] * fit.compute()))
                .toList();
    }
}
