package org.windtunnel.analysis.fit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.SingularOps_DDRM;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.LossData;

/** Says in plain words which parameters of a fit the data cannot tell, and which runs would. */
public final class Identifiability {
    /** An interval whose ends differ by more than this says little about an exponent. */
    static final double EXPONENT_SPAN = 3;
    /** The same for a coefficient, which moves by orders of magnitude with its exponent. */
    static final double COEFFICIENT_SPAN = 100;
    /** The same for the irreducible loss. */
    static final double IRREDUCIBLE_SPAN = 1.5;
    /** The irreducible loss counts as zero below this share of the least loss. */
    static final double ZERO = 1e-3;
    /** Condition number of the Hessian, scaled to unit diagonal, beyond which parameters trade freely. */
    static final double CONDITION = 1e8;
    /** Rise of n ln F that the absence of a term must cause (twice it is roughly chi-squared with one degree). */
    static final double PROFILE = 2;

    private static final double NO_TERM = -700;

    private final FittedLaw fitted;
    private final LossData data;
    private final double delta;
    private final Bootstrap bootstrap;
    private final List<Weakness> found = new ArrayList<>();

    private Identifiability(FittedLaw fitted, LossData data, double delta, Bootstrap bootstrap) {
        this.fitted = fitted;
        this.data = data;
        this.delta = delta;
        this.bootstrap = bootstrap;
    }

    /** Weaknesses of a fit, at most one for each parameter and reason that comes first. */
    public static List<Weakness> check(FittedLaw fitted, LossData data, double delta, Bootstrap bootstrap) {
        return new Identifiability(fitted, data, delta, bootstrap).check();
    }

    private List<Weakness> check() {
        int p = fitted.law().dimension();
        if (data.size() < 2 * p) {
            found.add(new Weakness(
                    null,
                    data.size() + " points for " + p + " parameters leave little to check the law with",
                    "run at least " + 2 * p + " combinations of "
                            + String.join(" and ", fitted.law().inputs())));
        }
        for (Law.Parameter parameter : fitted.law().parameters()) {
            String reason = reason(parameter);
            if (reason != null) {
                found.add(new Weakness(parameter.name(), reason, remedy(parameter)));
            }
        }
        double condition = condition();
        if (condition > CONDITION && found.stream().noneMatch(w -> w.parameter() != null)) {
            found.add(new Weakness(
                    null,
                    String.format(
                            Locale.ROOT,
                            "the parameters trade against each other almost freely (condition number %.0e)",
                            condition),
                    "trust predictions near the data, not single parameters; spread the runs wider"));
        }
        return List.copyOf(found);
    }

    private String reason(Law.Parameter parameter) {
        double value = parameter.natural(fitted.theta());
        String counted = counted(parameter);
        if (counted != null) {
            return counted;
        }
        return switch (parameter.role()) {
            case IRREDUCIBLE -> irreducible(parameter, value);
            case EXPONENT -> exponent(parameter, value);
            case COEFFICIENT, SHAPE -> span(parameter, COEFFICIENT_SPAN);
        };
    }

    private String counted(Law.Parameter parameter) {
        boolean constant = fitted.law().parameters().stream().anyMatch(q -> q.role() == Law.Role.IRREDUCIBLE);
        if (parameter.input() == null || !constant) {
            return null;
        }
        int values = data.distinct(data.inputs().indexOf(parameter.input()));
        return values >= 3
                ? null
                : String.format(
                        "%s takes %d value%s: its power law cannot be told from the constant",
                        parameter.input(), values, values == 1 ? "" : "s");
    }

    private String irreducible(Law.Parameter parameter, double value) {
        if (value < ZERO * Math.exp(data.minY())) {
            return "the best fit puts the irreducible loss at 0: the losses still fall too fast to show a floor";
        }
        double[] held = free();
        held[parameter.coordinate()] =
                fitted.law().ranges(data).get(parameter.coordinate()).lower();
        if (rise(held) < PROFILE) {
            return "a law without irreducible loss fits almost as well";
        }
        return span(parameter, IRREDUCIBLE_SPAN);
    }

    private String exponent(Law.Parameter parameter, double value) {
        Law.Range range = fitted.law().ranges(data).get(parameter.coordinate());
        if (value < range.lower() + 1e-3 || value > range.upper() - 1e-3) {
            return String.format(
                    Locale.ROOT,
                    "the best fit sits at the bound %.3g of its range",
                    value < range.upper() / 2 ? range.lower() : range.upper());
        }
        Optional<Law.Parameter> coefficient = fitted.law().parameters().stream()
                .filter(q -> q.role() == Law.Role.COEFFICIENT && q.logarithmic())
                .filter(q -> parameter.input().equals(q.input()))
                .findFirst();
        if (fitted.law().dimension() > 2 && coefficient.isPresent()) {
            double[] held = free();
            held[coefficient.get().coordinate()] = NO_TERM;
            held[parameter.coordinate()] = value;
            if (rise(held) < PROFILE) {
                return "a law that does not depend on " + parameter.input() + " fits almost as well";
            }
        }
        return span(parameter, EXPONENT_SPAN);
    }

    private double[] free() {
        double[] held = new double[fitted.law().dimension()];
        Arrays.fill(held, Double.NaN);
        return held;
    }

    /** n ln F(held)/F: a log-likelihood ratio when residuals have F's shape and unknown scale. */
    private double rise(double[] held) {
        double best = new RobustObjective(fitted.law(), data, null, delta).value(fitted.theta());
        double other = LawFitter.profile(fitted, data, delta, held);
        return data.size() * Math.log(Math.max(other, 1e-300) / Math.max(best, 1e-300));
    }

    private String span(Law.Parameter parameter, double most) {
        Bootstrap.Interval interval = bootstrap.interval(parameter::natural);
        double least = Math.min(Math.abs(interval.lo()), Math.abs(interval.hi()));
        double largest = Math.max(Math.abs(interval.lo()), Math.abs(interval.hi()));
        if (interval.lo() < 0 && interval.hi() > 0) {
            return String.format(
                    Locale.ROOT, "its interval [%.3g, %.3g] leaves its sign open", interval.lo(), interval.hi());
        }
        if (Double.isNaN(interval.lo()) || largest <= most * least) {
            return null;
        }
        return String.format(
                Locale.ROOT,
                "its interval [%.3g, %.3g] spans more than a factor of %.3g",
                interval.lo(),
                interval.hi(),
                most);
    }

    private double condition() {
        int p = fitted.law().dimension();
        double[][] hessian = new double[p][p];
        new RobustObjective(fitted.law(), data, null, delta).derivatives(fitted.theta(), new double[p], hessian);
        DMatrixRMaj scaled = new DMatrixRMaj(p, p);
        for (int i = 0; i < p; i++) {
            for (int j = 0; j < p; j++) {
                double scale = Math.sqrt(Math.abs(hessian[i][i] * hessian[j][j]));
                scaled.set(i, j, scale > 0 ? hessian[i][j] / scale : 0);
            }
        }
        double[] values = SingularOps_DDRM.singularValues(scaled);
        return values[0] / values[p - 1];
    }

    private String remedy(Law.Parameter parameter) {
        if (parameter.input() == null) {
            return "push further down the curve: larger "
                    + String.join(" and ", fitted.law().inputs()) + ", at least 10 times the largest so far";
        }
        return switch (parameter.input()) {
            case "N" -> "add sizes: at least 3, spread over a factor of 10 or more, at the largest token budget";
            case "D" -> "add token budgets: at least 3, spread over a factor of 10 or more, at the largest size";
            default -> "add runs: at least 3 values of " + parameter.input() + ", spread over a factor of 10 or more";
        };
    }
}
