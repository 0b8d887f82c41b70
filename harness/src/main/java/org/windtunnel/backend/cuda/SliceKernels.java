package org.windtunnel.backend.cuda;

import org.windtunnel.backend.Slices;
import org.windtunnel.tensor.Tensor;

/** Kernels on many tensors in one launch, whose numbers they read from memory, and on such numbers. */
final class SliceKernels {
    private final Calls calls;
    private final Workspace workspace;

    SliceKernels(Calls calls, Workspace workspace) {
        this.calls = calls;
        this.workspace = workspace;
    }

    /** Between numbers of two tensors: 0 where there is one for all. */
    private static int step(Tensor numbers, int count) {
        if (numbers == null || numbers.size() == 1) {
            return 0;
        }
        if (numbers.size() != count) {
            throw new IllegalArgumentException("expected 1 or " + count + " numbers, found " + numbers);
        }
        return 1;
    }

    void norms(Slices x, Tensor when, Tensor out) {
        long partial = workspace.take((long) x.blocks() * Double.BYTES);
        calls.to("slice_squares")
                .ints(x.table())
                .int32(x.count())
                .tensor(x.flat())
                .doubles(when)
                .address(partial)
                .grid(x.blocks(), 1, 1);
        calls.to("slice_norms")
                .ints(x.table())
                .int32(x.count())
                .int32(x.blocks())
                .address(partial)
                .doubles(when)
                .doubles(out)
                .grid(x.count(), 1, 1);
    }

    void signalToNoise(Slices g, Tensor when, Tensor gradScale, double eps, boolean byLargest, Tensor gains) {
        long partial = workspace.take(2L * g.blocks() * Double.BYTES);
        calls.to("slice_sums")
                .ints(g.table())
                .int32(g.count())
                .int32(g.blocks())
                .tensor(g.flat())
                .doubles(when)
                .address(partial)
                .grid(g.blocks(), 1, 1);
        calls.to("signal_to_noise")
                .ints(g.table())
                .int32(g.count())
                .int32(g.blocks())
                .address(partial)
                .doubles(when)
                .doubles(gradScale)
                .float64(eps)
                .tensor(gains)
                .grid(g.count(), 1, 1);
        if (byLargest) {
            calls.to("divide_by_largest").tensor(gains).int32(g.count()).doubles(when).grid(1, 1, 1);
        }
    }

    void scale(Tensor a, Slices x) {
        calls.to("slice_scale")
                .ints(x.table())
                .int32(x.count())
                .tensor(x.flat())
                .doubles(a)
                .int32(step(a, x.count()))
                .grid(x.blocks(), 1, 1);
    }

    void axpy(Tensor a, Slices x, Slices y) {
        x.requireSameSizes(y);
        calls.to("slice_axpy")
                .ints(x.table())
                .ints(y.table())
                .int32(x.count())
                .tensor(x.flat())
                .tensor(y.flat())
                .doubles(a)
                .int32(step(a, x.count()))
                .grid(x.blocks(), 1, 1);
    }

    void combine(Tensor a, Slices x, Tensor b, Slices y, Slices out) {
        x.requireSameSizes(y);
        x.requireSameSizes(out);
        calls.to("slice_combine")
                .ints(x.table())
                .ints(y.table())
                .ints(out.table())
                .int32(x.count())
                .tensor(x.flat())
                .tensor(y.flat())
                .tensor(out.flat())
                .doubles(a)
                .int32(step(a, x.count()))
                .doubles(b)
                .int32(step(b, x.count()))
                .grid(x.blocks(), 1, 1);
    }

    void cautiousDecay(Slices w, Slices u, Tensor keep) {
        w.requireSameSizes(u);
        calls.to("slice_cautious_decay")
                .ints(w.table())
                .ints(u.table())
                .int32(w.count())
                .tensor(w.flat())
                .tensor(u.flat())
                .doubles(keep)
                .int32(step(keep, w.count()))
                .grid(w.blocks(), 1, 1);
    }

    void quotients(Tensor a, Tensor x, Tensor y, double scale, double add, double least, Tensor out) {
        int n = out.intSize();
        calls.to("quotients")
                .doubles(a)
                .int32(step(a, n))
                .doubles(x)
                .int32(step(x, n))
                .doubles(y)
                .int32(step(y, n))
                .float64(scale)
                .float64(add)
                .float64(least)
                .doubles(out)
                .int32(n)
                .grid(Calls.blocks(n, Calls.BLOCK), 1, 1);
    }

    void remember(Tensor first, Tensor values, Tensor kept) {
        calls.to("remember")
                .doubles(first)
                .doubles(values)
                .tensor(kept)
                .int32(values.intSize())
                .grid(Calls.blocks(values.size(), Calls.BLOCK), 1, 1);
    }
}
