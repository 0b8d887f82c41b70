package org.windtunnel.backend.nd4j;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.windtunnel.backend.AttentionKernels;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/** Rotary positions and causal attention; the attention keeps the probabilities [B, H, T, T] for its backward pass. */
final class Nd4jAttention implements AttentionKernels, AutoCloseable {
    private final DType floatType;
    private final Scratch scratch;
    private Nd4jStorage mask;
    private int maskTime;

    Nd4jAttention(DType floatType, Scratch scratch) {
        this.floatType = floatType;
        this.scratch = scratch;
    }

    @Override
    public void rope(
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
        int whole = rows / t;
        if (whole > 0) {
            rotate(whole, t, t, heads, headDim, x, 0, ldx, cos, sin, inverse, y, 0, ldy);
        }
        if (rows % t > 0) {
            rotate(1, rows % t, t, heads, headDim, x, (long) whole * t * ldx, ldx, cos, sin, inverse, y,
                    (long) whole * t * ldy, ldy);
        }
    }

    /** Rotates {@code batch} sequences of {@code time} rows, t rows apart, from {@code atX} elements into x, to y. */
    private static void rotate(
            long batch,
            long time,
            long t,
            long heads,
            long headDim,
            Tensor x,
            long atX,
            long ldx,
            Tensor cos,
            Tensor sin,
            boolean inverse,
            Tensor y,
            long atY,
            long ldy) {
        long half = headDim / 2;
        long[] shape = {batch, time, heads, half};
        long[] strides = {t * ldx, ldx, headDim, 1};
        INDArray first = Ops.strided(x, atX, shape, strides);
        INDArray second = Ops.strided(x, atX + half, shape, strides);
        long[] tableShape = {1, time, 1, half};
        long[] tableStrides = {time * half, half, half, 1};
        INDArray c = Ops.strided(cos, tableShape, tableStrides);
        INDArray s = Ops.strided(sin, tableShape, tableStrides);
        INDArray firstSin = first.mul(s);
        INDArray secondSin = second.mul(s);
        INDArray firstCos = first.mul(c);
        INDArray secondCos = second.mul(c);
        long[] stridesTo = {t * ldy, ldy, headDim, 1};
        INDArray firstTo = Ops.strided(y, atY, shape, stridesTo);
        INDArray secondTo = Ops.strided(y, atY + half, shape, stridesTo);
        if (inverse) {
            firstTo.assign(firstCos.addi(secondSin));
            secondTo.assign(secondCos.subi(firstSin));
        } else {
            firstTo.assign(firstCos.subi(secondSin));
            secondTo.assign(secondCos.addi(firstSin));
        }
    }

    @Override
    public void attentionForward(
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
        for (int b = 0; b < s.batch(); b++) {
            for (int h = 0; h < s.heads(); h++) {
                INDArray keys = head(s, k, b, keyHead(s, h), ldk);
                Ops.gemm(scale, head(s, q, b, h, ldq), keys.transpose(), 0, square(s, saved, b, h));
            }
        }
        causalSoftmax(s, saved);
        for (int b = 0; b < s.batch(); b++) {
            for (int h = 0; h < s.heads(); h++) {
                INDArray values = head(s, v, b, keyHead(s, h), ldv);
                Ops.gemm(1, square(s, saved, b, h), values, 0, head(s, out, b, h, ldo));
            }
        }
    }

    private void causalSoftmax(AttentionShape s, Tensor scores) {
        int t = s.time();
        long matrices = (long) s.batch() * s.heads();
        Ops.strided(scores, new long[] {matrices, t, t}, new long[] {(long) t * t, t, 1}).addi(mask(t));
        INDArray rows = Ops.matrix(scores, 0, matrices * t, t, t);
        rows.subi(rows.max(true, 1));
        Transforms.exp(rows, false);
        rows.divi(rows.sum(true, 1));
    }

    /** [1, T, T], minus infinity above the diagonal. */
    private INDArray mask(int t) {
        if (mask == null || maskTime != t) {
            close();
            mask = new Nd4jStorage(floatType, (long) t * t, scratch);
            maskTime = t;
            float[] row = new float[t];
            for (int i = 0; i < t; i++) {
                Arrays.fill(row, i + 1, t, Float.NEGATIVE_INFINITY);
                Arrays.fill(row, 0, i + 1, 0);
                mask.write((long) i * t, row, 0, t);
            }
        }
        return mask.view(0, new long[] {1, t, t}, new long[] {(long) t * t, t, 1});
    }

    @Override
    public void attentionBackward(
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
        int t = s.time();
        int group = s.heads() / s.kvHeads();
        DataType type = Nd4jStorage.type(floatType);
        INDArray dScores = Nd4j.createUninitialized(type, t, t);
        INDArray product = Nd4j.createUninitialized(type, t, t);
        for (int b = 0; b < s.batch(); b++) {
            for (int h = 0; h < s.heads(); h++) {
                int kv = keyHead(s, h);
                double beta = h % group == 0 ? 0 : 1;
                INDArray p = square(s, saved, b, h);
                INDArray gradient = head(s, dOut, b, h, ldo);
                Ops.gemm(1, p.transpose(), gradient, beta, head(s, dv, b, kv, lddv));
                Ops.gemm(1, gradient, head(s, v, b, kv, ldv).transpose(), 0, dScores);
                dScores.subi(dScores.muli(p, product).sum(true, 1)).muli(p).muli(scale);
                Ops.gemm(1, dScores, head(s, k, b, kv, ldk), 0, head(s, dq, b, h, lddq));
                Ops.gemm(1, dScores.transpose(), head(s, q, b, h, ldq), beta, head(s, dk, b, kv, lddk));
            }
        }
    }

    private static int keyHead(AttentionShape s, int h) {
        return h / (s.heads() / s.kvHeads());
    }

    /** [T, headDim] of one sequence and head. */
    private static INDArray head(AttentionShape s, Tensor x, int b, int h, int ld) {
        return Ops.matrix(x, (long) b * s.time() * ld + (long) h * s.headDim(), s.time(), s.headDim(), ld);
    }

    /** [T, T] of one sequence and query head. */
    private static INDArray square(AttentionShape s, Tensor saved, int b, int h) {
        long t = s.time();
        return Ops.matrix(saved, ((long) b * s.heads() + h) * t * t, t, t, t);
    }

    @Override
    public void close() {
        if (mask != null) {
            mask.close();
            mask = null;
        }
    }
}
