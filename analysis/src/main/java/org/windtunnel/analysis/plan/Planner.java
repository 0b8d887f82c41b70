package org.windtunnel.analysis.plan;

import java.util.ArrayList;
import java.util.List;
import org.windtunnel.analysis.fit.Bootstrap;
import org.windtunnel.analysis.fit.FittedLaw;
import org.windtunnel.analysis.fit.ParameterEstimate;
import org.windtunnel.analysis.law.Law;

/**
 * Compute-optimal allocation under L = E + A N^-alpha + B D^-beta and C = 6 N D (Hoffmann et al., arXiv 2203.15556,
 * equation 4): N* = G (C/6)^a, D* = (C/6)^(1-a) / G with G = (alpha A / (beta B))^(1/(alpha+beta)), a =
 * beta/(alpha+beta).
 */
public final class Planner {
    private static final double MAX_LOG_SIZE = 300;

    private final FittedLaw fitted;
    private final Bootstrap bootstrap;
    private final Law.Parameter coefficientN;
    private final Law.Parameter coefficientD;
    private final Law.Parameter exponentN;
    private final Law.Parameter exponentD;

    /** @throws IllegalArgumentException if the law has not one power of N and one of D */
    public Planner(FittedLaw fitted, Bootstrap bootstrap) {
        this.fitted = fitted;
        this.bootstrap = bootstrap;
        coefficientN = parameter("N", Law.Role.COEFFICIENT);
        coefficientD = parameter("D", Law.Role.COEFFICIENT);
        exponentN = parameter("N", Law.Role.EXPONENT);
        exponentD = parameter("D", Law.Role.EXPONENT);
    }

    private Law.Parameter parameter(String input, Law.Role role) {
        return fitted.law().parameters().stream()
                .filter(p -> p.role() == role && input.equals(p.input()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(fitted.law().formula() + " has no power of " + input));
    }

    /** a in N* ~ C^a. */
    public double exponent(double[] theta) {
        double alpha = exponentN.natural(theta);
        double beta = exponentD.natural(theta);
        return beta / (alpha + beta);
    }

    /** a with its bootstrap interval. */
    public ParameterEstimate exponent() {
        Bootstrap.Interval i = bootstrap.interval(this::exponent);
        return new ParameterEstimate("a", exponent(fitted.theta()), i.lo(), i.hi(), i.se(), null, true);
    }

    /** N* for a budget of C FLOP. */
    public double size(double[] theta, double compute) {
        double alpha = exponentN.natural(theta);
        double beta = exponentD.natural(theta);
        double logG =
                (Math.log(alpha / beta) + Math.log(coefficientN.natural(theta)) - Math.log(coefficientD.natural(theta)))
                        / (alpha + beta);
        // A resample of data that cannot tell the exponents apart may put the best size anywhere, even beyond a double.
        double logN = logG + exponent(theta) * Math.log(compute / 6);
        return Math.exp(Math.max(-MAX_LOG_SIZE, Math.min(MAX_LOG_SIZE, logN)));
    }

    /**
     * The best split of budgets.
     *
     * @param computes FLOP
     * @param measured largest compute of the data, FLOP
     */
    public List<Allocation> allocate(double[] computes, double measured) {
        List<Allocation> plan = new ArrayList<>();
        for (double c : computes) {
            double n = size(fitted.theta(), c);
            Bootstrap.Interval ni = bootstrap.interval(theta -> size(theta, c));
            Bootstrap.Interval di = bootstrap.interval(theta -> c / 6 / size(theta, c));
            Bootstrap.Interval li = bootstrap.interval(theta -> loss(theta, c));
            plan.add(new Allocation(
                    c,
                    n,
                    ni.lo(),
                    ni.hi(),
                    c / 6 / n,
                    di.lo(),
                    di.hi(),
                    loss(fitted.theta(), c),
                    li.lo(),
                    li.hi(),
                    c / measured));
        }
        return plan;
    }

    private double loss(double[] theta, double compute) {
        double n = size(theta, compute);
        return FittedLaw.predict(fitted.law(), theta, n, compute / 6 / n);
    }
}
