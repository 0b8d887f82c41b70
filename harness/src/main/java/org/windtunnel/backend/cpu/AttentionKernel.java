package org.windtunnel.backend.cpu;

import java.nio.FloatBuffer;
import java.util.Arrays;
import org.windtunnel.backend.AttentionKernels.AttentionShape;
import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/**
 * Causal attention by blocks of query rows: block r only meets the keys up to its own last row, so fully masked blocks
 * are never computed. The item of work is one key/value head of one sequence with the query heads that share it.
 *
 * <p>Saved for the backward pass: the probabilities, per head the blocks one after the other, each packed to the
 * columns it meets (about half of T² per head).
 */
final class AttentionKernel {
    /** Query rows of a block. */
    private static final int ROWS = 64;

    private final Forward forward;
    private final Backward backward;

    AttentionKernel(Engine engine) {
        forward = new Forward(engine);
        backward = new Backward(engine);
    }

    /** Elements of the packed probabilities of one head. */
    private static long headSize(int t) {
        long size = 0;
        for (int r = 0; r < t; r += ROWS) {
            int end = Math.min(t, r + ROWS);
            size += (long) (end - r) * end;
        }
        return size;
    }

    static long savedSize(AttentionShape s) {
        return headSize(s.time()) * s.batch() * s.heads();
    }

    void forward(
            AttentionShape shape,
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
        forward.set(shape, q, ldq, k, ldk, v, ldv, scale, out, ldo, saved);
        forward.start();
    }

    void backward(
            AttentionShape shape,
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
        backward.set(shape, q, ldq, k, ldk, v, ldv, scale, out, ldo, saved);
        backward.start(dOut, dq, lddq, dk, lddk, dv, lddv);
    }

    /** The operands both directions read. */
    private abstract static class Attention extends Kernel {
        AttentionShape shape;
        Tensor q;
        Tensor k;
        Tensor v;
        Tensor out;
        Tensor saved;
        int ldq;
        int ldk;
        int ldv;
        int ldo;
        float scale;
        int group;
        long headSize;

        Attention(Engine engine) {
            super(engine);
        }

        final void set(
                AttentionShape s,
                Tensor qs,
                int lq,
                Tensor ks,
                int lk,
                Tensor vs,
                int lv,
                double factor,
                Tensor o,
                int lo,
                Tensor probabilities) {
            shape = s;
            q = qs;
            ldq = lq;
            k = ks;
            ldk = lk;
            v = vs;
            ldv = lv;
            out = o;
            ldo = lo;
            saved = probabilities;
            scale = (float) factor;
            group = s.heads() / s.kvHeads();
            headSize = AttentionKernel.headSize(s.time());
            Shapes.fits(q, s.rows(), s.heads() * s.headDim(), ldq);
            Shapes.fits(k, s.rows(), s.kvHeads() * s.headDim(), ldk);
            Shapes.fits(v, s.rows(), s.kvHeads() * s.headDim(), ldv);
            Shapes.fits(out, s.rows(), s.heads() * s.headDim(), ldo);
            Shapes.atLeast(saved, savedSize(s));
        }

        final void launchHeads() {
            launchChunks(shape.batch() * shape.kvHeads(), 4 * MAX_CHUNKS);
        }

        /** Address of a head's first row in sequence {@code b}. */
        final long head(Tensor x, int ld, int b, int h) {
            return Blas.address(x) + 4 * ((long) b * shape.time() * ld + (long) h * shape.headDim());
        }

        @Override
        final void range(int from, int to, int chunk, int thread, Scratch s) {
            for (int item = from; item < to; item++) {
                int b = item / shape.kvHeads();
                int kvHead = item % shape.kvHeads();
                for (int g = 0; g < group; g++) {
                    int h = kvHead * group + g;
                    long savedAt = ((long) b * shape.heads() + h) * headSize;
                    head(b, h, kvHead, g == 0, savedAt, s);
                }
            }
        }

        abstract void head(int b, int h, int kvHead, boolean firstOfGroup, long savedAt, Scratch s);
    }

    private static final class Forward extends Attention {
        Forward(Engine engine) {
            super(engine);
        }

        void start() {
            launchHeads();
        }

        @Override
        void head(int b, int h, int kvHead, boolean firstOfGroup, long savedAt, Scratch s) {
            int t = shape.time();
            int dim = shape.headDim();
            long qAt = head(q, ldq, b, h);
            long kAt = head(k, ldk, b, kvHead);
            long vAt = head(v, ldv, b, kvHead);
            long outAt = head(out, ldo, b, h);
            FloatBuffer p = buffer(saved);
            float[] x = s.floats(0, Math.min(ROWS, t) * t);
            long at = savedAt;
            for (int r = 0; r < t; r += ROWS) {
                int rows = Math.min(ROWS, t - r);
                int columns = r + rows;
                long pAt = Blas.address(saved) + 4 * at;
                s.blas().sgemm(
                        false, true, rows, columns, dim, scale, qAt + 4L * r * ldq, ldq, kAt, ldk, 0f, pAt, columns);
                int staged = at(saved) + (int) at;
                p.get(staged, x, 0, rows * columns);
                for (int i = 0; i < rows; i++) {
                    softmax(x, i * columns, r + i + 1, columns);
                }
                p.put(staged, x, 0, rows * columns);
                s.blas().sgemm(
                        false, false, rows, dim, columns, 1f, pAt, columns, vAt, ldv, 0f, outAt + 4L * r * ldo, ldo);
                at += (long) rows * columns;
            }
        }

        private void softmax(float[] x, int at, int n, int columns) {
            float sum = lanes.expShifted(x, at, lanes.max(x, at, n), n);
            lanes.scale(1f / sum, x, at, n);
            Arrays.fill(x, at + n, at + columns, 0f);
        }
    }

    private static final class Backward extends Attention {
        private Tensor dOut;
        private Tensor dq;
        private Tensor dk;
        private Tensor dv;
        private int lddq;
        private int lddk;
        private int lddv;

        Backward(Engine engine) {
            super(engine);
        }

        void start(Tensor d, Tensor dqs, int ldq2, Tensor dks, int ldk2, Tensor dvs, int ldv2) {
            dOut = d;
            dq = dqs;
            lddq = ldq2;
            dk = dks;
            lddk = ldk2;
            dv = dvs;
            lddv = ldv2;
            Shapes.fits(dOut, shape.rows(), shape.heads() * shape.headDim(), ldo);
            Shapes.fits(dq, shape.rows(), shape.heads() * shape.headDim(), lddq);
            Shapes.fits(dk, shape.rows(), shape.kvHeads() * shape.headDim(), lddk);
            Shapes.fits(dv, shape.rows(), shape.kvHeads() * shape.headDim(), lddv);
            launchHeads();
        }

        /** Blocks from the last to the first: the last covers all keys, so it overwrites dk and dv. */
        @Override
        void head(int b, int h, int kvHead, boolean firstOfGroup, long savedAt, Scratch s) {
            int t = shape.time();
            int last = (t - 1) / ROWS * ROWS;
            long at = savedAt + headSize;
            for (int r = last; r >= 0; r -= ROWS) {
                int rows = Math.min(ROWS, t - r);
                at -= (long) rows * (r + rows);
                block(b, h, kvHead, r, rows, at, firstOfGroup && r == last ? 0f : 1f, s);
            }
        }

        private void block(int b, int h, int kvHead, int r, int rows, long at, float beta, Scratch s) {
            int columns = r + rows;
            int dim = shape.headDim();
            Blas blas = s.blas();
            CpuStorage scores = s.offHeap((long) Math.min(ROWS, shape.time()) * shape.time());
            long sAt = scores.addressOf(0);
            long pAt = Blas.address(saved) + 4 * at;
            long dOutAt = head(dOut, ldo, b, h) + 4L * r * ldo;
            long qAt = head(q, ldq, b, h) + 4L * r * ldq;
            long vAt = head(v, ldv, b, kvHead);
            blas.sgemm(false, true, rows, columns, dim, 1f, dOutAt, ldo, vAt, ldv, 0f, sAt, columns);
            gradientOfSoftmax(scores.floats(), at(saved) + (int) at, r, rows, s);
            blas.sgemm(
                    false, false, rows, dim, columns, 1f, sAt, columns, head(k, ldk, b, kvHead), ldk, 0f,
                    head(dq, lddq, b, h) + 4L * r * lddq, lddq);
            blas.sgemm(
                    true, false, columns, dim, rows, 1f, pAt, columns, dOutAt, ldo, beta,
                    head(dv, lddv, b, kvHead), lddv);
            blas.sgemm(
                    true, false, columns, dim, rows, 1f, sAt, columns, qAt, ldq, beta,
                    head(dk, lddk, b, kvHead), lddk);
        }

        private void gradientOfSoftmax(FloatBuffer scores, int savedAt, int r, int rows, Scratch s) {
            int columns = r + rows;
            float[] p = s.floats(0, rows * columns);
            float[] d = s.floats(1, rows * columns);
            buffer(saved).get(savedAt, p, 0, rows * columns);
            scores.get(0, d, 0, rows * columns);
            for (int i = 0; i < rows; i++) {
                int at = i * columns;
                int n = r + i + 1;
                float mean = lanes.dot(p, at, d, at, n);
                lanes.softmaxGradient(p, at, d, at, mean, scale, n);
                Arrays.fill(d, at + n, at + columns, 0f);
            }
            scores.put(0, d, 0, rows * columns);
        }
    }
}
