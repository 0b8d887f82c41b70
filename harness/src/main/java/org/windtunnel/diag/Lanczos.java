package org.windtunnel.diag;

import org.windtunnel.backend.Backend;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/**
 * The largest eigenvalue of a symmetric operator by the Lanczos process (Paige 1972), without reorthogonalisation: ghosts
 * that rounding brings repeat eigenvalues already found and do not disturb the largest.
 *
 * <p>It needs far fewer products than the power iteration where the top of the spectrum is dense, as it is for random
 * matrices and for Hessians, and its start is a fixed random vector, so that a measurement depends on nothing measured
 * before.
 */
final class Lanczos {
    /** A symmetric linear map. */
    @FunctionalInterface
    interface Operator {
        /** y = A x; overwrites y, keeps x, which has unit length. */
        void apply(Tensor x, Tensor y);
    }

    /**
     * @param value the Ritz value; never above the largest eigenvalue, rounding aside
     * @param error some eigenvalue lies within this distance of it
     * @param products of the operator with a vector
     */
    record Result(double value, double error, int products) {}

    private final Backend backend;
    private final HostVectors host;
    private final double[] alpha;
    private final double[] beta;

    /** @param maxSteps products at most */
    Lanczos(Backend backend, HostVectors host, int maxSteps) {
        this.backend = backend;
        this.host = host;
        this.alpha = new double[maxSteps];
        this.beta = new double[maxSteps];
    }

    /**
     * @param work three vectors of the operator's size, overwritten
     * @param tolerance on the error relative to the value
     */
    Result largest(Operator operator, Tensor[] work, Rng start, double tolerance) {
        Tensor before = work[0];
        Tensor current = work[1];
        Tensor next = work[2];
        host.signs(current, start);
        backend.scale(1 / Math.sqrt(current.size()), current);
        backend.fill(before, 0);
        int steps = (int) Math.min(alpha.length, current.size());
        for (int k = 0; k < steps; k++) {
            operator.apply(current, next);
            alpha[k] = host.dot(current, next);
            backend.axpy(-alpha[k], current, next);
            if (k > 0) {
                backend.axpy(-beta[k - 1], before, next);
            }
            beta[k] = Math.sqrt(backend.sumOfSquares(next));
            Tridiagonal.Eigenpair top = Tridiagonal.largest(alpha, beta, k + 1);
            double error = Math.abs(beta[k] * top.lastEntry());
            if (k + 1 == steps || error <= tolerance * Math.abs(top.value()) || !Double.isFinite(error)) {
                return new Result(top.value(), error, k + 1);
            }
            backend.scale(1 / beta[k], next);
            Tensor free = before;
            before = current;
            current = next;
            next = free;
        }
        throw new IllegalArgumentException("expected at least one step");
    }
}
