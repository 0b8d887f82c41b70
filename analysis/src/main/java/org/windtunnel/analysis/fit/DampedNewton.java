package org.windtunnel.analysis.fit;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.dense.row.factory.LinearSolverFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;
import org.ejml.interfaces.linsol.LinearSolverDense;
import org.windtunnel.analysis.law.Law;

/**
 * Minimiser for the long curved valleys of scaling laws: Newton steps in coordinates scaled by a bound on the
 * curvature, with absolute eigenvalues plus damping, steps clipped by coordinate, coordinates held while a bound
 * stops them.
 *
 * <p>It is written out because no kept library has this one: their Newton and trust-region methods know no bounds, their
 * quasi-Newton methods learn the curvature that is known here exactly, and stall in these valleys (a test has ddogleg's
 * BFGS start beside the optimum and end no lower). Factorisations and eigenvalues are EJML's.
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
    /** A factor whose diagonal varies more than this is left to the eigenvalues. */
    private static final double CONDITION = 1e-12;

    private final RobustObjective objective;
    private final List<Law.Range> ranges;
    private final int p;
    /** Derivatives where the minimiser stands; swapped with those of an accepted trial. */
    private double[] gradient;

    private double[][] hessian;
    private double[] bound;
    private double[] trialGradient;
    private double[][] trialHessian;
    private double[] trialBound;
    private final double[] step;
    private final int[] free;
    private final double[] scale;
    private final DMatrixRMaj matrix = new DMatrixRMaj(1, 1);
    private final DMatrixRMaj right = new DMatrixRMaj(1, 1);
    private final DMatrixRMaj solution = new DMatrixRMaj(1, 1);
    private final LinearSolverDense<DMatrixRMaj> cholesky;
    /** By size of the matrix less 1. */
    private final List<EigenDecomposition_F64<DMatrixRMaj>> eigen;
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
        trialGradient = new double[p];
        trialHessian = new double[p][p];
        trialBound = new double[p];
        step = new double[p];
        trial = new double[p];
        free = new int[p];
        scale = new double[p];
        cholesky = LinearSolverFactory_DDRM.chol(p);
        eigen = IntStream.rangeClosed(1, p)
                .mapToObj(n -> DecompositionFactory_DDRM.eig(n, true, true))
                .toList();
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
                value = next;
                swap();
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

    private void swap() {
        double[] g = gradient;
        gradient = trialGradient;
        trialGradient = g;
        double[][] h = hessian;
        hessian = trialHessian;
        trialHessian = h;
        double[] b = bound;
        bound = trialBound;
        trialBound = b;
    }

    /**
     * Puts theta plus a step into {@code trial} and returns the objective there, with its derivatives at once: most
     * trials are accepted, and a second pass over the points would cost more than the few rejected ones waste.
     */
    private double tryStep(double[] theta, double damping) {
        newtonStep(theta, damping);
        for (int i = 0; i < p; i++) {
            trial[i] = theta[i] + step[i];
        }
        clamp(trial);
        return objective.derivatives(trial, trialGradient, trialHessian, trialBound);
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
        int count = 0;
        for (int i = 0; i < p; i++) {
            if (!held(theta, i)) {
                free[count++] = i;
            }
        }
        if (count == 0) {
            return;
        }
        scale(count);
        matrix.reshape(count, count);
        right.reshape(count, 1);
        solution.reshape(count, 1);
        for (int i = 0; i < count; i++) {
            for (int j = 0; j < count; j++) {
                matrix.set(i, j, hessian[free[i]][free[j]] / (scale[i] * scale[j]) + (i == j ? damping : 0));
            }
            right.set(i, gradient[free[i]] / scale[i]);
        }
        // Where the Hessian is positive definite its absolute eigenvalues are its own, and a factorisation is enough.
        if (cholesky.setA(matrix) && cholesky.quality() > CONDITION) {
            cholesky.solve(right, solution);
            for (int i = 0; i < count; i++) {
                step[free[i]] = -solution.get(i) / scale[i];
            }
        } else {
            spectralStep(count, damping);
        }
        clip();
    }

    /** Divides by absolute eigenvalues plus damping, so that the step descends whatever the curvature's sign. */
    private void spectralStep(int count, double damping) {
        for (int i = 0; i < count; i++) {
            for (int j = 0; j < count; j++) {
                matrix.set(i, j, hessian[free[i]][free[j]] / (scale[i] * scale[j]));
            }
        }
        EigenDecomposition_F64<DMatrixRMaj> spectrum = eigen.get(count - 1);
        spectrum.decompose(matrix);
        for (int k = 0; k < count; k++) {
            DMatrixRMaj vector = spectrum.getEigenVector(k);
            double dot = 0;
            for (int i = 0; i < count; i++) {
                dot += vector.get(i) * gradient[free[i]] / scale[i];
            }
            double curvature = Math.max(Math.abs(spectrum.getEigenvalue(k).real), 1e-14);
            for (int i = 0; i < count; i++) {
                step[free[i]] -= dot / (curvature + damping) * vector.get(i) / scale[i];
            }
        }
    }

    private void scale(int count) {
        double largest = 0;
        for (int i = 0; i < count; i++) {
            largest = Math.max(largest, bound[free[i]]);
        }
        double floor = Math.max(largest * 1e-12, 1e-290);
        for (int i = 0; i < count; i++) {
            scale[i] = Math.sqrt(Math.max(bound[free[i]], floor));
        }
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
