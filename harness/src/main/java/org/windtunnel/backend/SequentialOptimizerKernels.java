package org.windtunnel.backend;

import org.windtunnel.backend.ProjectedMatrices.Channels;
import org.windtunnel.tensor.Tensor;

/**
 * {@link OptimizerKernels} where calls are done when they return: numbers are read when a call is made, and tensors taken
 * one after the other. Formulas are in double.
 */
public abstract class SequentialOptimizerKernels implements OptimizerKernels {
    private static final double NORM_EPS = 1e-8;

    private final LinearAlgebra algebra;

    protected SequentialOptimizerKernels(LinearAlgebra algebra) {
        this.algebra = algebra;
    }

    /** Number {@code k}, or the one for all. */
    private static double number(Tensor numbers, int k) {
        return numbers.item(numbers.size() == 1 ? 0 : k);
    }

    private static double numberOrOne(Tensor numbers, int k) {
        return numbers == null ? 1 : number(numbers, k);
    }

    @Override
    public void signalToNoise(Slices g, Tensor when, Tensor gradScale, double eps, boolean byLargest, Tensor gains) {
        if (when.item(0) == 0) {
            return;
        }
        double[] gain = new double[g.count()];
        double largest = 0;
        for (int k = 0; k < gain.length; k++) {
            gain[k] = signalToNoise(g.get(k).toDoubles(), gradScale.item(0), eps);
            largest = Math.max(largest, gain[k]);
        }
        for (int k = 0; k < gain.length; k++) {
            gains.put(k, byLargest && largest > 0 ? gain[k] / largest : gain[k]);
        }
    }

    private static double signalToNoise(double[] g, double gradScale, double eps) {
        double squares = 0;
        double mean = 0;
        for (double x : g) {
            squares += x * x;
            mean += x / g.length;
        }
        double deviations = 0;
        for (double x : g) {
            deviations += (x - mean) * (x - mean);
        }
        double std = g.length > 1 ? Math.sqrt(deviations / (g.length - 1)) : 0;
        return gradScale * Math.sqrt(squares) / (gradScale * std + eps);
    }

    @Override
    public void norms(Slices x, Tensor when, Tensor out) {
        for (int k = 0; k < x.count() && (when == null || when.item(0) != 0); k++) {
            out.put(k, Math.sqrt(algebra.sumOfSquares(x.get(k))));
        }
    }

    @Override
    public void scale(Tensor a, Slices x) {
        for (int k = 0; k < x.count(); k++) {
            algebra.scale(number(a, k), x.get(k));
        }
    }

    @Override
    public void axpy(Tensor a, Slices x, Slices y) {
        for (int k = 0; k < x.count(); k++) {
            algebra.axpy(number(a, k), x.get(k), y.get(k));
        }
    }

    @Override
    public void combine(Tensor a, Slices x, Tensor b, Slices y, Slices out) {
        for (int k = 0; k < x.count(); k++) {
            algebra.combine(number(a, k), x.get(k), number(b, k), y.get(k), out.get(k));
        }
    }

    @Override
    public void cautiousDecay(Slices w, Slices u, Tensor keep) {
        for (int k = 0; k < w.count(); k++) {
            cautiousDecay(w.get(k), u.get(k), number(keep, k));
        }
    }

    protected abstract void cautiousDecay(Tensor w, Tensor u, double keep);

    @Override
    public void quotients(Tensor a, Tensor x, Tensor y, double scale, double add, double least, Tensor out) {
        for (int k = 0; k < out.intSize(); k++) {
            double dividend = a == null ? numberOrOne(x, k) : number(a, k) * numberOrOne(x, k);
            out.put(k, y == null ? dividend : dividend / Math.max(scale * number(y, k) + add, least));
        }
    }

    @Override
    public void remember(Tensor first, Tensor values, Tensor kept) {
        for (int k = 0; k < values.intSize(); k++) {
            if (first.item(0) != 0) {
                kept.put(k, values.item(k));
            }
            values.put(k, kept.item(k));
        }
    }

    @Override
    public void projectedUpdate(ProjectedMatrices matrices) {
        for (int k = 0; k < matrices.count(); k++) {
            projectedUpdate(matrices.get(k), matrices.gradScale());
        }
    }

    private void projectedUpdate(ProjectedMatrices.Matrix x, Tensor gradScale) {
        ProjectedMatrices.Shape s = x.shape();
        double alpha = gradScale.item(0);
        if (s.onePass()) {
            x.squares().put(0, productAndSquares(
                    !s.columnsCompressed(), s.rows(), s.columns(), alpha, x.gradient(), x.projection(), x.projected()));
        } else {
            project(s, alpha, x.gradient(), x.projection(), x.projected());
        }
        projectedAdam(s.channels(), s.reducedRows(), s.reducedColumns(), x.projected(), x.firstMoment(),
                x.secondMoment(), x.moments(), x.factors());
        if (!s.onePass()) {
            x.squares().put(0, scaledSquares(s.channels(), s.rows(), s.columns(), x.gradient(), x.factors()));
        }
        limitRate(x, s.onePass() ? x.factors().item(0) : 1, alpha);
        scaledUpdate(s.channels(), s.rows(), s.columns(), x.weight(), x.gradient(), x.factors(), x.rate().item(0),
                x.keep().item(0));
    }

    private void project(ProjectedMatrices.Shape s, double alpha, Tensor g, Tensor p, Tensor projected) {
        int rank = s.rank();
        int columns = s.columns();
        if (s.columnsCompressed()) {
            algebra.gemm(false, true, s.rows(), rank, columns, alpha, g, columns, p, columns, 0, projected, rank);
        } else {
            algebra.gemm(true, false, rank, columns, s.rows(), alpha, p, rank, g, columns, 0, projected, columns);
        }
    }

    /**
     * y = alpha · op(A) · x for a matrix of adjacent rows, and the sum of squares of A, for which a backend need read A
     * once only.
     *
     * @param transA false: x has {@code columns} elements and y {@code rows}; true: the other way round
     */
    protected double productAndSquares(
            boolean transA, int rows, int columns, double alpha, Tensor a, Tensor x, Tensor y) {
        if (transA) {
            algebra.gemm(true, false, 1, columns, rows, alpha, x, 1, a, columns, 0, y, columns);
        } else {
            algebra.gemm(false, true, rows, 1, columns, alpha, a, columns, x, columns, 0, y, 1);
        }
        return algebra.sumOfSquares(a);
    }

    /**
     * Adam's moments of a projected gradient, and the gradient's scaling factors.
     *
     * @param r projected gradient [rows, columns], as are {@code m} and {@code v}
     * @param moments FLOAT64: β1, β2, eps
     * @param factor receives one factor a row, a column, or one
     */
    protected abstract void projectedAdam(
            Channels channels, int rows, int columns, Tensor r, Tensor m, Tensor v, Tensor moments, Tensor factor);

    /** ‖g scaled by its channels' factors‖², summed in double. @param g [rows, columns] */
    protected abstract double scaledSquares(Channels channels, int rows, int columns, Tensor g, Tensor factor);

    /** w = (w - rate · g scaled by its channels' factors) · keep. @param w [rows, columns], as {@code g} */
    protected abstract void scaledUpdate(
            Channels channels, int rows, int columns, Tensor w, Tensor g, Tensor factor, double rate, double keep);

    private static void limitRate(ProjectedMatrices.Matrix x, double factor, double gradScale) {
        Tensor numbers = x.limiter();
        double growth = numbers.item(3);
        double norm = gradScale * numbers.item(1) * (factor * Math.sqrt(x.squares().item(0)));
        boolean first = numbers.item(4) != 0;
        double limit =
                first || growth == 0 ? 1 : Math.max(norm / (x.lastNorm().item(0) + NORM_EPS), growth) / growth;
        x.lastNorm().put(0, norm / limit);
        x.rate().put(0, numbers.item(0) * gradScale * numbers.item(2) / limit);
    }
}
