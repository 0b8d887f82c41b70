package org.windtunnel.analysis.study;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.windtunnel.analysis.Numbers;
import org.windtunnel.analysis.fit.Bootstrap;
import org.windtunnel.analysis.fit.Estimates;
import org.windtunnel.analysis.fit.FitErrors;
import org.windtunnel.analysis.fit.FitOptions;
import org.windtunnel.analysis.fit.FittedLaw;
import org.windtunnel.analysis.fit.HoldOut;
import org.windtunnel.analysis.fit.HoldOuts;
import org.windtunnel.analysis.fit.Identifiability;
import org.windtunnel.analysis.fit.LawFitter;
import org.windtunnel.analysis.fit.LossPoint;
import org.windtunnel.analysis.fit.Profiles;
import org.windtunnel.analysis.fit.Weakness;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.law.PowerSum;
import org.windtunnel.analysis.plan.Allocation;
import org.windtunnel.analysis.plan.Planner;
import org.windtunnel.analysis.plan.Slices;

/** Chooses the law that the points can carry, fits it, holds the largest runs out, extrapolates. */
final class LawStudies {
    private static final String TOPIC = "law";
    /** ln N and ln D this correlated move as one: the sum of their power laws is one power law in C. */
    private static final double COLLINEAR = 0.995;

    private final List<LawCells.Cell> cells;
    private final List<LossPoint> points;
    private final String which;
    private final StudyOptions options;
    private final FitOptions fit;
    private final List<Warning> warnings;

    private LawStudies(List<LawCells.Cell> cells, String which, StudyOptions options, List<Warning> warnings) {
        this.cells = cells;
        this.which = which;
        points = cells.stream().map(LawCells.Cell::point).toList();
        this.options = options;
        this.warnings = warnings;
        fit = new FitOptions(options.huberDelta(), options.bootstrap(), options.seed(), options.level());
    }

    /**
     * The law of some cells, or null; what is to be known either way goes to {@code warnings}.
     *
     * @param which where the cells come from, in words
     */
    static LawStudy study(List<LawCells.Cell> cells, String which, StudyOptions options, List<Warning> warnings) {
        return new LawStudies(cells, which, options, warnings).study();
    }

    private LawStudy study() {
        Law law = choose();
        return law == null ? null : study(law);
    }

    private void warn(String subject, String message, String remedy) {
        warnings.add(new Warning(TOPIC, subject, message, remedy));
    }

    private Law choose() {
        int sizes = LossPoint.distinct(points, "N");
        int budgets = LossPoint.distinct(points, "D");
        boolean both = sizes > 1 && budgets > 1;
        boolean together = both && Math.abs(correlation()) > COLLINEAR;
        Law chinchilla = PowerSum.chinchilla();
        if (both && !together && points.size() > chinchilla.dimension()) {
            return chinchilla;
        }
        if (both) {
            warnCompute(together);
        } else {
            warnOneInput(sizes, budgets);
        }
        return chooseOneInput(both ? "C" : sizes > 1 ? "N" : "D");
    }

    private void warnCompute(boolean together) {
        String why = together
                ? "N and D grow together in this sweep, so their shares of the loss cannot be told apart"
                : points.size() + " combinations of N and D are too few for L(N, D)";
        warn(
                null,
                why + "; a law in compute is fitted instead",
                "vary the token budget at fixed size: at least 3 sizes x 3 budgets");
    }

    private void warnOneInput(int sizes, int budgets) {
        String what = "one combination of N and D was finished";
        if (sizes > 1) {
            what = "N varies (one token budget)";
        } else if (budgets > 1) {
            what = "D varies (one size)";
        }
        warn(null, "only " + what + ": no L(N, D) can be fitted", "sweep at least 3 sizes x 3 token budgets");
    }

    /** The power law that the values of one input can carry; null with fewer than three. */
    private Law chooseOneInput(String input) {
        int values = LossPoint.distinct(points, input);
        if (values == 3) {
            warn(
                    "E",
                    "3 values of " + input + " cannot show an irreducible loss; a power law without it is fitted",
                    "add values of " + input);
        }
        return values < 3 ? null : PowerSum.powerLaw(input, values > 3);
    }

    private double correlation() {
        double[] x = points.stream().mapToDouble(p -> Math.log(p.n())).toArray();
        double[] y = points.stream().mapToDouble(p -> Math.log(p.d())).toArray();
        double mx = Arrays.stream(x).average().orElse(0);
        double my = Arrays.stream(y).average().orElse(0);
        double sxx = 0;
        double syy = 0;
        double sxy = 0;
        for (int i = 0; i < x.length; i++) {
            sxx += (x[i] - mx) * (x[i] - mx);
            syy += (y[i] - my) * (y[i] - my);
            sxy += (x[i] - mx) * (y[i] - my);
        }
        return sxy / Math.sqrt(sxx * syy);
    }

    private LawStudy study(Law law) {
        LossData data = LossPoint.data(law, points);
        FittedLaw fitted = LawFitter.fit(law, data, fit.huberDelta());
        if (!fitted.converged()) {
            warn(
                    null,
                    "the fit did not converge (gradient " + Numbers.text(fitted.gradient()) + ")",
                    "report the data; do not use the numbers");
        }
        Bootstrap bootstrap = Bootstrap.run(fitted, data, fit);
        List<Weakness> weaknesses = Identifiability.check(fitted, data, fit.huberDelta(), bootstrap);
        weaknesses.forEach(w -> warn(w.parameter(), w.message(), w.remedy()));
        Set<Integer> held = heldOut(law);
        HoldOut holdOut = holdOut(law, held);
        boolean plans = law.inputs().equals(List.of("N", "D"));
        Planner planner = plans ? new Planner(fitted, bootstrap) : null;
        return new LawStudy(
                law.name(),
                law.formula(),
                law.inputs(),
                law.output(),
                which,
                Estimates.of(fitted, data, fit.huberDelta(), bootstrap, weaknesses),
                lawPoints(fitted, holdOut == null ? Set.of() : held),
                fitted.objective(),
                fitted.gradient(),
                fitted.converged(),
                optima(fitted),
                FitErrors.of(
                        predictions(fitted),
                        points.stream().mapToDouble(LossPoint::loss).toArray()),
                holdOut,
                List.of(),
                bootstrap.resamples(),
                fit.level(),
                Slices.of(fitted, bootstrap, points.stream().map(p -> p.inputs(law)).toArray(double[][]::new)),
                plans ? allocations(planner) : List.of(),
                Profiles.of(fitted, data, fit.huberDelta(), bootstrap, law.parameters()),
                bootstrap.naturals(),
                plans ? planner.exponent() : null);
    }

    private static List<LawStudy.Optimum> optima(FittedLaw fitted) {
        return fitted.optima().stream()
                .map(o -> new LawStudy.Optimum(
                        o.objective(),
                        fitted.law().parameters().stream()
                                .mapToDouble(p -> p.natural(o.theta()))
                                .toArray(),
                        o.starts()))
                .toList();
    }

    private double[] predictions(FittedLaw fitted) {
        return points.stream()
                .mapToDouble(p -> fitted.predict(p.inputs(fitted.law())))
                .toArray();
    }

    private List<LawStudy.Point> lawPoints(FittedLaw fitted, Set<Integer> held) {
        double[] predicted = predictions(fitted);
        return IntStream.range(0, points.size())
                .mapToObj(i -> {
                    LossPoint p = points.get(i);
                    return new LawStudy.Point(
                            p.inputs(fitted.law()),
                            p.n(),
                            p.d(),
                            p.compute(),
                            p.loss(),
                            predicted[i],
                            Math.log(predicted[i] / p.loss()),
                            held.contains(i),
                            cells.get(i).lr(),
                            cells.get(i).runIds());
                })
                .toList();
    }

    private Set<Integer> heldOut(Law law) {
        List<Integer> order = IntStream.range(0, points.size())
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -points.get(i).compute()))
                .toList();
        return switch (options.holdOut()) {
            case NONE -> Set.of();
            case LARGEST_COMPUTE ->
                Set.copyOf(order.subList(0, (int) Math.max(1, Math.round(options.holdOutFraction() * points.size()))));
            case LARGEST_N -> {
                String input = law.inputs().get(0);
                double largest =
                        points.stream().mapToDouble(p -> p.input(input)).max().orElseThrow();
                yield order.stream()
                        .filter(i -> points.get(i).input(input) > largest / 1.02)
                        .collect(Collectors.toSet());
            }
        };
    }

    private HoldOut holdOut(Law law, Set<Integer> held) {
        if (held.isEmpty()) {
            return null;
        }
        List<LossPoint> train = new ArrayList<>();
        List<LossPoint> test = new ArrayList<>();
        for (int i = 0; i < points.size(); i++) {
            (held.contains(i) ? test : train).add(points.get(i));
        }
        String input = law.inputs().get(0);
        String rule = options.holdOut() == StudyOptions.HoldOutRule.LARGEST_N
                ? "largest " + input + " (" + Numbers.text(test.get(0).input(input)) + ")"
                : test.size() + " points of most compute";
        HoldOut holdOut = HoldOuts.evaluate(law, rule, train, test, fit);
        if (holdOut == null) {
            warn(
                    null,
                    "no hold-out: " + train.size() + " points remain without the " + rule + ", too few for "
                            + law.dimension() + " parameters",
                    "add runs of smaller sizes");
        } else if (LossPoint.distinct(train, input) < 3 && law.dimension() > 2) {
            warn(
                    null,
                    "the hold-out is fitted to " + LossPoint.distinct(train, input) + " values of " + input
                            + " only, so its error says little",
                    "add sizes");
        }
        return holdOut;
    }

    /** Budgets from the smallest measured compute to 100 times the largest, one a factor of ten and the ends. */
    private List<Allocation> allocations(Planner planner) {
        double most = points.stream().mapToDouble(LossPoint::compute).max().orElseThrow();
        double least = points.stream().mapToDouble(LossPoint::compute).min().orElseThrow();
        List<Double> budgets = new ArrayList<>();
        for (double c = most; c > least; c /= 10) {
            budgets.add(0, c);
        }
        budgets.add(10 * most);
        budgets.add(100 * most);
        return planner.allocate(budgets.stream().mapToDouble(c -> c).toArray(), most);
    }
}
