package org.windtunnel.backend;

import java.util.Arrays;
import java.util.List;
import org.windtunnel.tensor.Tensor;

/** Random cases of the matrix products, vector updates and optimizers. */
final class LinearCases {
    private LinearCases() {}

    static void addTo(List<KernelCase> cases, long seed, boolean large) {
        for (boolean transA : new boolean[] {false, true}) {
            for (boolean transB : new boolean[] {false, true}) {
                for (double beta : new double[] {0, 1, -0.5}) {
                    cases.add(gemm(new CaseDraws(seed, "gemm" + transA + transB + beta, large), transA, transB, beta));
                }
                cases.add(batched(new CaseDraws(seed, "batched" + transA + transB, large), transA, transB));
            }
        }
        for (boolean accumulate : new boolean[] {false, true}) {
            cases.add(linearBackward(new CaseDraws(seed, "linearBackward" + accumulate, large), accumulate));
        }
        cases.add(vectors(new CaseDraws(seed, "vectors", large)));
        for (boolean epsInside : new boolean[] {false, true}) {
            cases.add(adamw(new CaseDraws(seed, "adamw" + epsInside, large), epsInside));
        }
        for (int variant = 0; variant < 6; variant++) {
            cases.add(sgd(new CaseDraws(seed, "sgd" + variant, large), variant));
        }
        cases.add(slices(new CaseDraws(seed, "slices", large)));
        cases.add(numbers(new CaseDraws(seed, "numbers", large)));
        for (boolean byLargest : new boolean[] {false, true}) {
            cases.add(signalToNoise(new CaseDraws(seed, "signal to noise" + byLargest, large), byLargest));
        }
    }

    private static KernelCase gemm(CaseDraws r, boolean transA, boolean transB, double beta) {
        int m = r.size();
        int n = r.size();
        int k = r.size();
        int widthA = transA ? m : k;
        int widthB = transB ? k : n;
        int lda = widthA + r.below(3);
        int ldb = widthB + r.below(3);
        int ldc = n + r.below(3);
        double alpha = 0.25 + r.below(4);
        double[] a = r.normal(m * k);
        double[] b = r.normal(k * n);
        double[] c = r.normal(m * n);
        String name = "gemm " + transA + " " + transB + " m" + m + " n" + n + " k" + k + " ld " + lda + " " + ldb + " "
                + ldc + " alpha " + alpha + " beta " + beta;
        return new KernelCase(name, (t, out) -> {
            Tensor to = beta == 0 ? t.garbage(m, ldc) : t.rows(c, n, ldc);
            t.backend().gemm(transA, transB, m, n, k, alpha, t.rows(a, widthA, lda), lda, t.rows(b, widthB, ldb), ldb,
                    beta, to, ldc);
            out.put("c", TestTensors.unpad(to, n, ldc));
            TestTensors.requireGaps(to, n, ldc);
        });
    }

    private static KernelCase linearBackward(CaseDraws r, boolean accumulate) {
        int rows = r.size();
        int in = r.size();
        int width = r.size();
        int lddy = width + r.below(3);
        double scale = 0.25 + r.below(4);
        double[] x = r.normal(rows * in);
        double[] w = r.normal(width * in);
        double[] dy = r.normal(rows * width);
        double[] dw = r.normal(width * in);
        String name = "linear backward rows " + rows + " in " + in + " out " + width + " accumulate " + accumulate;
        return new KernelCase(name, (t, out) -> {
            Tensor to = accumulate ? t.of(dw, width, in) : t.garbage(width, in);
            Tensor both = t.of(x, rows, in);
            t.backend().linearBackward(rows, in, width, scale, both, t.of(w, width, in), t.rows(dy, width, lddy),
                    lddy, both, to, accumulate);
            out.put("dw", to.toDoubles());
            out.put("dx", both.toDoubles());
        });
    }

    private static KernelCase batched(CaseDraws r, boolean transA, boolean transB) {
        int batch = 1 + r.below(5);
        int m = r.size();
        int n = r.size();
        int k = r.size();
        int widthA = transA ? m : k;
        int widthB = transB ? k : n;
        // A and B are side by side in each row, as the heads of a packed projection are; C's are stacked.
        int lda = batch * widthA;
        int ldb = batch * widthB;
        double beta = r.flag() ? 0 : 1;
        double[] a = r.normal(batch * m * k);
        double[] b = r.normal(batch * k * n);
        double[] c = r.normal(batch * m * n);
        long strideC = (long) m * n + 3;
        String name = "gemmStridedBatched " + transA + " " + transB + " batch " + batch + " m" + m + " n" + n + " k"
                + k + " beta " + beta;
        return new KernelCase(name, (t, out) -> {
            Tensor to = beta == 0 ? t.garbage(batch, m * n + 3) : t.rows(c, m * n, m * n + 3);
            t.backend().gemmStridedBatched(transA, transB, m, n, k, 0.5, t.of(a), lda, widthA, t.of(b), ldb, widthB,
                    beta, to, n, strideC, batch);
            out.put("c", TestTensors.unpad(to, m * n, m * n + 3));
            TestTensors.requireGaps(to, m * n, m * n + 3);
        });
    }

    private static KernelCase vectors(CaseDraws r) {
        int n = r.size() * r.size() + r.below(5);
        double[] x = r.normal(n);
        double[] y = r.normal(n);
        return new KernelCase("vectors " + n, (t, out) -> {
            Tensor tx = t.of(x);
            Tensor ty = t.of(y);
            t.backend().axpy(-1.75, tx, ty);
            out.put("axpy", ty.toDoubles());
            Tensor sum = t.garbage(n);
            t.backend().combine(0.5, tx, -1.25, ty, sum);
            out.put("combine", sum.toDoubles());
            t.backend().combine(0.5, sum, 2, ty, sum);
            out.put("combine in place", sum.toDoubles());
            t.backend().scale(0.3, tx);
            out.put("scale", tx.toDoubles());
            out.put("sumOfSquares", new double[] {t.backend().sumOfSquares(ty)});
            Tensor copy = t.garbage(n);
            t.backend().copy(ty, copy);
            out.put("copy", copy.toDoubles());
            t.backend().fill(copy, 2.5);
            out.put("fill", copy.toDoubles());
        });
    }

    /** Norms and vector updates of three tensors at once, one of them of a single element. */
    private static KernelCase slices(CaseDraws r) {
        int[][] layout = layout(new int[] {r.size() * r.size(), 1, r.size() * (r.flag() ? 1 : 130)}, 3);
        int n = layout[3][0];
        double[] x = r.normal(n);
        double[] y = r.normal(n);
        double[] factors = r.normal(3);
        return new KernelCase("slices " + n, (t, out) -> {
            OptimizerKernels kernels = t.backend().optimizerKernels();
            Tensor tx = t.of(x);
            Tensor ty = t.of(y);
            Tensor sum = t.of(y);
            Slices xs = slices(t, tx, layout[0], layout[1]);
            Slices ys = slices(t, ty, layout[0], layout[2]);
            Slices sums = slices(t, sum, layout[0], layout[1]);
            Tensor a = t.numbers(factors);
            Tensor one = t.number(-1.25);
            kernels.axpy(a, xs, ys);
            out.put("axpy", ty.toDoubles());
            kernels.axpy(one, xs, ys);
            out.put("axpy by one number", ty.toDoubles());
            kernels.combine(a, xs, one, ys, sums);
            out.put("combine", sum.toDoubles());
            kernels.combine(one, sums, a, ys, sums);
            out.put("combine in place", sum.toDoubles());
            kernels.cautiousDecay(sums, xs, a);
            out.put("cautious decay", sum.toDoubles());
            kernels.scale(a, xs);
            out.put("scale", tx.toDoubles());
            Tensor norms = t.numbers(-1, -1, -1);
            kernels.norms(ys, t.number(0), norms);
            out.put("norms left alone", norms.toDoubles());
            kernels.norms(ys, t.number(1), norms);
            out.put("norms when wanted", norms.toDoubles());
            kernels.norms(xs, null, norms);
            out.put("norms", norms.toDoubles());
        });
    }

    private static KernelCase numbers(CaseDraws r) {
        int n = 1 + r.below(300);
        double[] a = r.normal(n);
        double[] x = r.normal(n);
        double[] y = r.uniform(n, 0, 2);
        return new KernelCase("numbers " + n, (t, out) -> {
            OptimizerKernels kernels = t.backend().optimizerKernels();
            Tensor ta = t.numbers(a);
            Tensor tx = t.numbers(x);
            Tensor ty = t.numbers(y);
            kernels.quotients(ta, t.number(0.75), ty, 1, 0, 0.5, ty);
            out.put("least", ty.toDoubles());
            Tensor other = t.numbers(x);
            kernels.quotients(null, null, t.numbers(y), 1.02, 1e-6, 0, other);
            out.put("reciprocal", other.toDoubles());
            kernels.quotients(t.number(3), tx, null, 1, 0, 0, other);
            out.put("product", other.toDoubles());
            kernels.quotients(null, tx, t.number(Double.NaN), 1, 0, 0.5, other);
            out.put("by NaN", Arrays.stream(other.toDoubles()).map(v -> Double.isNaN(v) ? 1 : 0).toArray());
            Tensor kept = t.of(y);
            kernels.remember(t.number(0), tx, kept);
            out.put("remembered", tx.toDoubles());
            kernels.remember(t.number(1), ta, kept);
            out.put("taken", ta.toDoubles());
            out.put("kept", kept.toDoubles());
        });
    }

    private static KernelCase signalToNoise(CaseDraws r, boolean byLargest) {
        int[][] layout = layout(new int[] {r.size() * r.size(), 1, r.size() * 130}, 3);
        double[] g = r.normal(layout[3][0]);
        return new KernelCase("signal to noise " + byLargest + " " + g.length, (t, out) -> {
            OptimizerKernels kernels = t.backend().optimizerKernels();
            Slices slices = slices(t, t.of(g), layout[0], layout[1]);
            Tensor gains = t.of(new double[] {1, 2, 3});
            kernels.signalToNoise(slices, t.number(0), t.number(0.5), 0.1, byLargest, gains);
            out.put("left alone", gains.toDoubles());
            kernels.signalToNoise(slices, t.number(1), t.number(0.5), 0.1, byLargest, gains);
            out.put("gains", gains.toDoubles());
        });
    }

    /** Where tensors of these lengths lie in flat vectors, with gaps in that of weights and gradients and none in states. */
    private static int[][] layout(int[] lengths, int gap) {
        int[] offset = new int[lengths.length];
        int[] stateOffset = new int[lengths.length];
        int at = gap;
        for (int i = 0; i < lengths.length; i++) {
            offset[i] = at;
            at += lengths[i] + (i % 2) * gap;
            stateOffset[i] = i == 0 ? 0 : stateOffset[i - 1] + lengths[i - 1];
        }
        return new int[][] {lengths, offset, stateOffset, {at + 4}};
    }

    private static KernelCase adamw(CaseDraws r, boolean epsInside) {
        int[][] layout = layout(new int[] {r.size(), r.size() * r.size(), r.size()}, 3);
        int n = layout[3][0];
        double[] lr = r.uniform(3, 0.001, 0.1);
        double[] decay = r.uniform(3, 0, 0.2);
        double[] w = r.normal(n);
        double[] m = r.normal(n);
        double[] v = r.uniform(n, 0, 1);
        double[][] gradients = {r.normal(n), r.normal(n), r.normal(n)};
        return new KernelCase("adamw " + n + (epsInside ? " eps inside" : " eps outside"), (t, out) -> {
            Tensor tw = t.of(w);
            Tensor tm = t.of(m);
            Tensor tv = t.of(v);
            AdamScalars scalars = new AdamScalars(3, t.memory());
            for (int i = 0; i < gradients.length; i++) {
                for (int k = 0; k < 3; k++) {
                    scalars.set(k, lr[k], decay[k], k % 2 == 0 ? 1e-8 : 1e-3);
                }
                scalars.setMoments(0.9, 0.95, 1 + 4 * i);
                scalars.send();
                t.backend().optimizerKernels().adamw(slices(t, tw, layout[0], layout[1]), slices(t, t.of(gradients[i]), layout[0], layout[1]),
                        slices(t, tm, layout[0], layout[2]), slices(t, tv, layout[0], layout[2]), scalars, epsInside,
                        t.number(0.7));
            }
            out.put("w", tw.toDoubles());
            out.put("m", tm.toDoubles());
            out.put("v", tv.toDoubles());
        });
    }

    private static Slices slices(TestTensors t, Tensor flat, int[] lengths, int[] offsets) {
        Tensor[] views = new Tensor[lengths.length];
        for (int i = 0; i < views.length; i++) {
            views[i] = flat.slice(offsets[i], lengths[i]);
        }
        return new Slices(t.memory(), flat, views);
    }

    /**
     * Variants: plain, momentum, dampening, Nesterov, momentum that starts late (step 1 was elsewhere), decoupled with a
     * gain.
     */
    private static KernelCase sgd(CaseDraws r, int variant) {
        boolean decoupled = variant == 5;
        int[][] layout = layout(new int[] {r.size() * r.size(), r.size(), r.size()}, 5);
        int n = layout[3][0];
        double[] lr = r.uniform(3, 0.001, 0.1);
        double[] decay = r.uniform(3, 0, 0.2);
        double[] gains = r.uniform(3, 0.5, 2);
        double momentum = variant == 0 ? 0 : 0.9;
        double dampening = variant == 2 ? 0.3 : 0;
        boolean nesterov = variant == 3;
        long firstStep = variant == 4 ? 7 : 1;
        double[] w = r.normal(n);
        double[] b = r.normal(n);
        double[][] gradients = {r.normal(n), r.normal(n), r.normal(n)};
        return new KernelCase("sgd " + n + " variant " + variant, (t, out) -> {
            Tensor tw = t.of(w);
            Tensor tb = variant == 0 ? null : t.of(b);
            SgdScalars scalars = new SgdScalars(3, t.memory());
            for (int i = 0; i < gradients.length; i++) {
                for (int k = 0; k < 3; k++) {
                    scalars.set(k, lr[k], decay[k]);
                }
                scalars.setMomentum(momentum, dampening, firstStep + i);
                scalars.send();
                t.backend().optimizerKernels().sgd(slices(t, tw, layout[0], layout[1]), slices(t, t.of(gradients[i]), layout[0], layout[1]),
                        tb == null ? null : slices(t, tb, layout[0], layout[2]), scalars, decoupled ? t.of(gains) : null,
                        nesterov, decoupled, t.number(0.7));
            }
            out.put("w", tw.toDoubles());
            if (tb != null) {
                out.put("buffer", tb.toDoubles());
            }
        });
    }
}
