package org.windtunnel.analysis.fit;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.windtunnel.analysis.law.Law;

/**
 * Minimiser for the long curved valleys of scaling laws: Newton steps in coordinates scaled by a bound on the
 * curvature, with absolute eigenvalues plus damping, steps clipped by coordinate, coordinates held while a bound
 * stops them.
 *
 * <p>Converged means the largest component of the projected gradient is below 1e-10, or two successive accepted steps
 * lowered the objective by less than 1e-15 of itself.
 */
final class DampedNewton {
    /** Largest component of the gradient at a converged point. */
    static final double GRADIENT = 1e-10;

    /** Iterations go on to here, which costs one or two more near the optimum. */
    private static final double TARGET = 1e-13;

    private static final double STALL = 1e-15;
    private static final double MAX_DAMPING = 1e10;

    private final RobustObjective objective;
    private final List<Law.Range> ranges;
    private final int p;
    private final double[] gradient;
    private final double[][] hessian;
    private final double[] bound;
    private final double[] step;
    private final double[] trial;

    /** Where a minimisation ended. */
    record Minimum(double[] theta, double value, double gradient, boolean converged, int iterations) {}

    DampedNewton(RobustObjective objective, List<Law.Range> ranges) {
        this.objective = objective;
        this.ranges = ranges;
        p = objective.dimension();
        gradient = new double[p];
        hessian = new double[p][p];
        bound = new double[p];
        step = new double[p];
        trial = new double[p];
    }

    Minimum minimise(double[] start, int maxIterations) {
        double[] theta = clamp(start.clone());
        double damping = 1e-3;
        int stalled = 0;
        int iteration = 0;
        double value = objective.derivatives(theta, gradient, hessian, bound);
        while (iteration < maxIterations && stalled < 2 && projectedGradient(theta) > TARGET) {
            iteration++;
            double next = tryStep(theta, damping);
            if (next <= value) {
                stalled = value - next <= STALL * value ? stalled + 1 : 0;
                damping = Math.max(damping / 8, 1e-14);
                System.arraycopy(trial, 0, theta, 0, p);
                value = objective.derivatives(theta, gradient, hessian, bound);
            } else {
                damping *= 8;
                if (damping > MAX_DAMPING) {
                    break;
                }
            }
        }
        double size = projectedGradient(theta);
        return new Minimum(theta, value, size, stalled >= 2 || size < GRADIENT, iteration);
    }

    /** Puts theta plus a step into {@code trial} and returns the objective there. */
    private double tryStep(double[] theta, double damping) {
        newtonStep(theta, damping);
        for (int i = 0; i < p; i++) {
            trial[i] = theta[i] + step[i];
        }
        clamp(trial);
        return objective.value(trial);
    }

    private double[] clamp(double[] theta) {
        for (int i = 0; i < p; i++) {
            theta[i] = Math.max(ranges.get(i).lower(), Math.min(ranges.get(i).upper(), theta[i]));
        }
        return theta;
    }

    /** Whether a bound stops the descent of a coordinate. */
    private boolean held(double[] theta, int i) {
        return theta[i] <= ranges.get(i).lower() && gradient[i] >= 0
                || theta[i] >= ranges.get(i).upper() && gradient[i] <= 0;
    }

    private double projectedGradient(double[] theta) {
        double max = 0;
        for (int i = 0; i < p; i++) {
            if (!held(theta, i)) {
                max = Math.max(max, Math.abs(gradient[i]));
            }
        }
        return max;
    }

    private void newtonStep(double[] theta, double damping) {
        Arrays.fill(step, 0);
        int[] free = IntStream.range(0, p).filter(i -> !held(theta, i)).toArray();
        if (free.length == 0) {
            return;
        }
        double[] scale = scale(free);
        double[][] scaled = new double[free.length][free.length];
        for (int i = 0; i < free.length; i++) {
            for (int j = 0; j < free.length; j++) {
                scaled[i][j] = hessian[free[i]][free[j]] / (scale[i] * scale[j]);
            }
        }
        SymmetricEigen eigen = new SymmetricEigen(scaled);
        for (int k = 0; k < free.length; k++) {
            double dot = 0;
            for (int i = 0; i < free.length; i++) {
                dot += eigen.vectors[i][k] * gradient[free[i]] / scale[i];
            }
            double curvature = Math.max(Math.abs(eigen.values[k]), 1e-14);
            for (int i = 0; i < free.length; i++) {
                step[free[i]] -= dot / (curvature + damping) * eigen.vectors[i][k] / scale[i];
            }
        }
        clip();
    }

    private double[] scale(int[] free) {
        double largest = Arrays.stream(free).mapToDouble(i -> bound[i]).max().orElse(0);
        double floor = Math.max(largest * 1e-12, 1e-290);
        return Arrays.stream(free)
                .mapToDouble(i -> Math.sqrt(Math.max(bound[i], floor)))
                .toArray();
    }

    /** Shortens the whole step, so that its direction stays one of descent. */
    private void clip() {
        double shrink = 1;
        for (int i = 0; i < p; i++) {
            shrink = Math.min(shrink, ranges.get(i).step() / Math.max(Math.abs(step[i]), 1e-300));
        }
        for (int i = 0; i < p; i++) {
            step[i] *= shrink;
        }
    }
}
