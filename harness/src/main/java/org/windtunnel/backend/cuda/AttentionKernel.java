package org.windtunnel.backend.cuda;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.backend.AttentionKernels.AttentionShape;
import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/**
 * Causal attention in tiles. What is saved for the backward pass is a log-sum-exp for each query, and room for the dot
 * product of each query's output with its gradient: 2·B·H·T elements.
 */
final class AttentionKernel {
    /** System property that keeps attention in fp32, for comparison. */
    static final String PLAIN = "windtunnel.cuda.attention_fp32";

    private final Device device;
    private final Calls calls;
    private final Operands operands;
    private final Map<Integer, AttentionTiles> sizes = new HashMap<>();

    /** @param operands how products of queries, keys, values, probabilities and their gradients round */
    AttentionKernel(Device device, Calls calls, Operands operands) {
        this.device = device;
        this.calls = calls;
        this.operands = Boolean.getBoolean(PLAIN) ? Operands.FP32 : operands;
    }

    private AttentionTiles sizes(int headDim) {
        AttentionTiles known = sizes.get(headDim);
        if (known == null) {
            known = AttentionTiles.of(headDim, operands, device.info());
            known.source().ifPresent(source -> device.load(List.of(source)));
            sizes.put(headDim, known);
        }
        return known;
    }

    void rope(
            int rows,
            int t,
            int heads,
            int headDim,
            Tensor x,
            int ldx,
            Tensor cos,
            Tensor sin,
            boolean inverse,
            Tensor y,
            int ldy) {
        if (headDim % 2 != 0) {
            throw new IllegalArgumentException("expected an even head_dim, found " + headDim);
        }
        int half = headDim / 2;
        Shapes.fits(x, rows, heads * headDim, ldx);
        Shapes.fits(y, rows, heads * headDim, ldy);
        Shapes.atLeast(cos, (long) Math.min(t, rows) * half);
        Shapes.atLeast(sin, (long) Math.min(t, rows) * half);
        long n = (long) rows * heads * half;
        calls.to(Calls.isRounded(y) ? "rope_bf16" : "rope")
                .tensor(x)
                .int64(ldx)
                .tensor(cos)
                .tensor(sin)
                .either(y)
                .int64(ldy)
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
        AttentionTiles.Pass pass = sizes(s.headDim()).forward();
        inputs(pass, q, ldq, k, ldk, v, ldv, scale)
                .typed(out)
                .int64(ldo)
                .tensor(saved)
                .int32(s.time())
                .int32(s.heads())
                .int32(s.heads() / s.kvHeads())
                .int32(s.headDim())
                .grid(blocks(s, pass, s.heads()), s.batch(), 1, pass.threads(), pass.sharedBytes());
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

    private static int blocks(AttentionShape s, AttentionTiles.Pass pass, int heads) {
        return Math.multiplyExact(Calls.blocks(s.time(), pass.rows()), heads);
    }

    private Calls inputs(
            AttentionTiles.Pass pass, Tensor q, int ldq, Tensor k, int ldk, Tensor v, int ldv, double scale) {
        return calls.to(pass.kernel())
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
        AttentionTiles size = sizes(s.headDim());
        AttentionTiles.Pass keys = size.keys();
        AttentionTiles.Pass queries = size.queries();
        int group = s.heads() / s.kvHeads();
        long items = (long) s.rows() * s.heads();
        long delta = Calls.floats(saved) + items * Float.BYTES;
        calls.to(size.delta())
                .typed(out)
                .tensor(dOut)
                .int64(ldo)
                .address(delta)
                .int64(items)
                .int32(s.time())
                .int32(s.heads())
                .int32(s.headDim())
                .grid(Calls.blocks(items * size.deltaThreads(), Calls.BLOCK), 1, 1);
        inputs(keys, q, ldq, k, ldk, v, ldv, scale)
                .tensor(dOut)
                .int64(ldo)
                .tensor(saved)
                .address(delta)
                .typed(dk)
                .int64(lddk)
                .typed(dv)
                .int64(lddv)
                .int32(s.time())
                .int32(s.kvHeads())
                .int32(group)
                .int32(s.headDim())
                .grid(blocks(s, keys, s.kvHeads()), s.batch(), 1, keys.threads(), keys.sharedBytes());
        inputs(queries, q, ldq, k, ldk, v, ldv, scale)
                .tensor(dOut)
                .int64(ldo)
                .tensor(saved)
                .address(delta)
                .typed(dq)
                .int64(lddq)
                .int32(s.time())
                .int32(s.heads())
                .int32(group)
                .int32(s.headDim())
                .grid(blocks(s, queries, s.heads()), s.batch(), 1, queries.threads(), queries.sharedBytes());
    }
}
