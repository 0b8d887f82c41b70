package org.windtunnel.backend.cuda;

import java.util.HashMap;
import java.util.Map;
import org.windtunnel.backend.AttentionKernels.AttentionShape;
import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/**
 * Causal attention in tiles. What is saved for the backward pass is a log-sum-exp for each query, and room for the dot
 * product of each query's output with its gradient: 2·B·H·T elements.
 */
final class AttentionKernel {
    private static final int FORWARD_MATRICES = 3;
    private static final int BACKWARD_MATRICES = 4;

    private final Device device;
    private final Calls calls;
    private final Map<Integer, Sizes> sizes = new HashMap<>();

    /** The compiled kernels for one head size, and their names. */
    private record Sizes(
            AttentionTiles forward, AttentionTiles backward, String forwardName, String keysName, String queriesName) {}

    AttentionKernel(Device device, Calls calls) {
        this.device = device;
        this.calls = calls;
    }

    private Sizes sizes(int headDim) {
        Sizes known = sizes.get(headDim);
        if (known == null) {
            AttentionTiles forward = AttentionTiles.of(headDim, FORWARD_MATRICES, device.info());
            AttentionTiles backward = AttentionTiles.of(headDim, BACKWARD_MATRICES, device.info());
            known = new Sizes(
                    forward,
                    backward,
                    forward.kernel("attention_forward"),
                    backward.kernel("attention_backward_keys"),
                    backward.kernel("attention_backward_queries"));
            sizes.put(headDim, known);
        }
        return known;
    }

    void rope(int rows, int t, int heads, int headDim, Tensor x, int ld, Tensor cos, Tensor sin, boolean inverse) {
        if (headDim % 2 != 0) {
            throw new IllegalArgumentException("expected an even head_dim, found " + headDim);
        }
        int half = headDim / 2;
        Shapes.fits(x, rows, heads * headDim, ld);
        Shapes.atLeast(cos, (long) Math.min(t, rows) * half);
        Shapes.atLeast(sin, (long) Math.min(t, rows) * half);
        long n = (long) rows * heads * half;
        calls.to("rope")
                .tensor(x)
                .int64(ld)
                .tensor(cos)
                .tensor(sin)
                .int64(n)
                .int32(t)
                .int32(heads)
                .int32(half)
                .flag(inverse)
                .elements(n);
    }

    static long savedSize(AttentionShape s) {
        return 2L * s.batch() * s.heads() * s.time();
    }

    void forward(
            AttentionShape s,
            Tensor q,
            int ldq,
            Tensor k,
            int ldk,
            Tensor v,
            int ldv,
            double scale,
            Tensor out,
            int ldo,
            Tensor saved) {
        check(s, q, ldq, k, ldk, v, ldv, out, ldo, saved);
        Sizes size = sizes(s.headDim());
        inputs(size.forwardName(), q, ldq, k, ldk, v, ldv, scale)
                .tensor(out)
                .int64(ldo)
                .tensor(saved)
                .int32(s.time())
                .int32(s.heads() / s.kvHeads())
                .int32(s.headDim())
                .grid(
                        Calls.blocks(s.time(), size.forward().tile()),
                        s.heads(),
                        s.batch(),
                        Calls.BLOCK,
                        size.forward().sharedBytes(FORWARD_MATRICES));
    }

    private static void check(
            AttentionShape s,
            Tensor q,
            int ldq,
            Tensor k,
            int ldk,
            Tensor v,
            int ldv,
            Tensor out,
            int ldo,
            Tensor saved) {
        Shapes.fits(q, s.rows(), s.heads() * s.headDim(), ldq);
        Shapes.fits(k, s.rows(), s.kvHeads() * s.headDim(), ldk);
        Shapes.fits(v, s.rows(), s.kvHeads() * s.headDim(), ldv);
        Shapes.fits(out, s.rows(), s.heads() * s.headDim(), ldo);
        Shapes.atLeast(saved, savedSize(s));
    }

    private Calls inputs(String kernel, Tensor q, int ldq, Tensor k, int ldk, Tensor v, int ldv, double scale) {
        return calls.to(kernel)
                .tensor(q)
                .int64(ldq)
                .tensor(k)
                .int64(ldk)
                .tensor(v)
                .int64(ldv)
                .float32(scale);
    }

    void backward(
            AttentionShape s,
            Tensor q,
            int ldq,
            Tensor k,
            int ldk,
            Tensor v,
            int ldv,
            double scale,
            Tensor out,
            Tensor dOut,
            int ldo,
            Tensor saved,
            Tensor dq,
            int lddq,
            Tensor dk,
            int lddk,
            Tensor dv,
            int lddv) {
        check(s, q, ldq, k, ldk, v, ldv, dOut, ldo, saved);
        check(s, dq, lddq, dk, lddk, dv, lddv, out, ldo, saved);
        Sizes size = sizes(s.headDim());
        int group = s.heads() / s.kvHeads();
        int tiles = Calls.blocks(s.time(), size.backward().tile());
        int shared = size.backward().sharedBytes(BACKWARD_MATRICES);
        long items = (long) s.rows() * s.heads();
        long delta = Calls.floats(saved) + items * Float.BYTES;
        calls.to("attention_delta")
                .tensor(out)
                .tensor(dOut)
                .int64(ldo)
                .address(delta)
                .int64(items)
                .int32(s.time())
                .int32(s.heads())
                .int32(s.headDim())
                .elements(items);
        inputs(size.keysName(), q, ldq, k, ldk, v, ldv, scale)
                .tensor(dOut)
                .int64(ldo)
                .tensor(saved)
                .address(delta)
                .tensor(dk)
                .int64(lddk)
                .tensor(dv)
                .int64(lddv)
                .int32(s.time())
                .int32(group)
                .int32(s.headDim())
                .grid(tiles, s.kvHeads(), s.batch(), Calls.BLOCK, shared);
        inputs(size.queriesName(), q, ldq, k, ldk, v, ldv, scale)
                .tensor(dOut)
                .int64(ldo)
                .tensor(saved)
                .address(delta)
                .tensor(dq)
                .int64(lddq)
                .int32(s.time())
                .int32(group)
                .int32(s.headDim())
                .grid(tiles, s.heads(), s.batch(), Calls.BLOCK, shared);
    }
}
