package org.windtunnel.backend;

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
    public void product(
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            Tensor alpha,
            Tensor a,
            int lda,
            Tensor b,
            int ldb,
            Tensor c) {
        algebra.gemm(transA, transB, m, n, k, alpha.item(0), a, lda, b, ldb, 0, c, n);
    }

    @Override
    public void productAndSquares(
            boolean transA, int rows, int columns, Tensor alpha, Tensor a, Tensor x, Tensor y, Tensor squares) {
        product(transA, rows, columns, alpha, a, x, y);
        squares.put(0, algebra.sumOfSquares(a));
    }

    @Override
    public void limitedRate(
            Tensor numbers, Tensor squares, Tensor factor, Tensor gradScale, Tensor last, Tensor rate) {
        double growth = numbers.item(3);
        double scaled = Math.sqrt(squares.item(0));
        double norm = gradScale.item(0) * numbers.item(1) * (factor == null ? scaled : factor.item(0) * scaled);
        boolean first = numbers.item(4) != 0;
        double limit = first || growth == 0 ? 1 : Math.max(norm / (last.item(0) + NORM_EPS), growth) / growth;
        last.put(0, norm / limit);
        rate.put(0, numbers.item(0) * gradScale.item(0) * numbers.item(2) / limit);
    }
}
