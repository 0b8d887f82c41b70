package org.windtunnel.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The inner loops of direct convolution with three rows to the window and stride 1, for processors with 32 vector
 * registers.
 *
 * <p>An input row meets three output rows, so a call takes several rows of the image and all three of the window: a
 * loaded input serves three multiplications, and sums stay in registers for the whole window. In {@link WindowLanes}
 * loads are the limit (14 for 12 multiplications with one vector of channels), here multiplications are: 23 loads for
 * 48 of them, 28 in the gradient. The loops alone, one thread of Zen 5: 217 to 262 and 203 to 239 GFLOPS of 260
 * possible. With 16 registers sums spill and it loses to {@link WindowLanes}.
 */
final class TallLanes {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final int L = S.length();
    /** Rows of the window. */
    static final int WINDOW = 3;
    /** Output rows of a call of {@link #forward}, and adjacent pixels in each. */
    static final int ROWS = 8;

    static final int COLUMNS = 2;
    /** Output rows of a call of {@link #gradient}, and adjacent inputs. */
    static final int GRADIENT_ROWS = 4;

    static final int GRADIENT_INPUTS = 4;

    private TallLanes() {}

    /** Whether sums fit the registers: AVX-512 has 32 of them. */
    static boolean suits() {
        return L >= 16;
    }

    /**
     * y = filters · x for eight rows of two output pixels and one vector of output channels.
     *
     * @param x padded images, from {@code xo}, in rows of {@code ldx}
     * @param in channels of a pixel that goes in
     * @param run k·in inputs of a row of the window
     * @param w filters, for each of these inputs three rows of L channels, from {@code wo}
     * @param y from {@code yo}, in rows of {@code ldy} and pixels of {@code out} channels
     */
    static void forward(
            float[] x, int xo, int ldx, int in, int run, float[] w, int wo, float[] y, int yo, int ldy, int out) {
        int a0 = xo;
        int a1 = xo + ldx;
        int a2 = xo + 2 * ldx;
        int a3 = xo + 3 * ldx;
        int a4 = xo + 4 * ldx;
        int a5 = xo + 5 * ldx;
        int a6 = xo + 6 * ldx;
        int a7 = xo + 7 * ldx;
        int a8 = xo + 8 * ldx;
        int a9 = xo + 9 * ldx;
        int e0 = xo + in;
        int e1 = xo + ldx + in;
        int e2 = xo + 2 * ldx + in;
        int e3 = xo + 3 * ldx + in;
        int e4 = xo + 4 * ldx + in;
        int e5 = xo + 5 * ldx + in;
        int e6 = xo + 6 * ldx + in;
        int e7 = xo + 7 * ldx + in;
        int e8 = xo + 8 * ldx + in;
        int e9 = xo + 9 * ldx + in;
        FloatVector p0 = FloatVector.zero(S);
        FloatVector p1 = FloatVector.zero(S);
        FloatVector p2 = FloatVector.zero(S);
        FloatVector p3 = FloatVector.zero(S);
        FloatVector p4 = FloatVector.zero(S);
        FloatVector p5 = FloatVector.zero(S);
        FloatVector p6 = FloatVector.zero(S);
        FloatVector p7 = FloatVector.zero(S);
        FloatVector q0 = FloatVector.zero(S);
        FloatVector q1 = FloatVector.zero(S);
        FloatVector q2 = FloatVector.zero(S);
        FloatVector q3 = FloatVector.zero(S);
        FloatVector q4 = FloatVector.zero(S);
        FloatVector q5 = FloatVector.zero(S);
        FloatVector q6 = FloatVector.zero(S);
        FloatVector q7 = FloatVector.zero(S);
        int wi = wo;
        for (int j = 0; j < run; j++) {
            FloatVector t = FloatVector.fromArray(S, w, wi);
            FloatVector u = FloatVector.fromArray(S, w, wi + L);
            FloatVector v = FloatVector.fromArray(S, w, wi + 2 * L);
            wi += WINDOW * L;
            FloatVector b0 = FloatVector.broadcast(S, x[a0 + j]);
            p0 = b0.fma(t, p0);
            FloatVector b1 = FloatVector.broadcast(S, x[a1 + j]);
            p1 = b1.fma(t, p1);
            p0 = b1.fma(u, p0);
            FloatVector b2 = FloatVector.broadcast(S, x[a2 + j]);
            p2 = b2.fma(t, p2);
            p1 = b2.fma(u, p1);
            p0 = b2.fma(v, p0);
            FloatVector b3 = FloatVector.broadcast(S, x[a3 + j]);
            p3 = b3.fma(t, p3);
            p2 = b3.fma(u, p2);
            p1 = b3.fma(v, p1);
            FloatVector b4 = FloatVector.broadcast(S, x[a4 + j]);
            p4 = b4.fma(t, p4);
            p3 = b4.fma(u, p3);
            p2 = b4.fma(v, p2);
            FloatVector b5 = FloatVector.broadcast(S, x[a5 + j]);
            p5 = b5.fma(t, p5);
            p4 = b5.fma(u, p4);
            p3 = b5.fma(v, p3);
            FloatVector b6 = FloatVector.broadcast(S, x[a6 + j]);
            p6 = b6.fma(t, p6);
            p5 = b6.fma(u, p5);
            p4 = b6.fma(v, p4);
            FloatVector b7 = FloatVector.broadcast(S, x[a7 + j]);
            p7 = b7.fma(t, p7);
            p6 = b7.fma(u, p6);
            p5 = b7.fma(v, p5);
            FloatVector b8 = FloatVector.broadcast(S, x[a8 + j]);
            p7 = b8.fma(u, p7);
            p6 = b8.fma(v, p6);
            FloatVector b9 = FloatVector.broadcast(S, x[a9 + j]);
            p7 = b9.fma(v, p7);
            FloatVector c0 = FloatVector.broadcast(S, x[e0 + j]);
            q0 = c0.fma(t, q0);
            FloatVector c1 = FloatVector.broadcast(S, x[e1 + j]);
            q1 = c1.fma(t, q1);
            q0 = c1.fma(u, q0);
            FloatVector c2 = FloatVector.broadcast(S, x[e2 + j]);
            q2 = c2.fma(t, q2);
            q1 = c2.fma(u, q1);
            q0 = c2.fma(v, q0);
            FloatVector c3 = FloatVector.broadcast(S, x[e3 + j]);
            q3 = c3.fma(t, q3);
            q2 = c3.fma(u, q2);
            q1 = c3.fma(v, q1);
            FloatVector c4 = FloatVector.broadcast(S, x[e4 + j]);
            q4 = c4.fma(t, q4);
            q3 = c4.fma(u, q3);
            q2 = c4.fma(v, q2);
            FloatVector c5 = FloatVector.broadcast(S, x[e5 + j]);
            q5 = c5.fma(t, q5);
            q4 = c5.fma(u, q4);
            q3 = c5.fma(v, q3);
            FloatVector c6 = FloatVector.broadcast(S, x[e6 + j]);
            q6 = c6.fma(t, q6);
            q5 = c6.fma(u, q5);
            q4 = c6.fma(v, q4);
            FloatVector c7 = FloatVector.broadcast(S, x[e7 + j]);
            q7 = c7.fma(t, q7);
            q6 = c7.fma(u, q6);
            q5 = c7.fma(v, q5);
            FloatVector c8 = FloatVector.broadcast(S, x[e8 + j]);
            q7 = c8.fma(u, q7);
            q6 = c8.fma(v, q6);
            FloatVector c9 = FloatVector.broadcast(S, x[e9 + j]);
            q7 = c9.fma(v, q7);
        }
        p0.intoArray(y, yo);
        q0.intoArray(y, yo + out);
        p1.intoArray(y, yo + ldy);
        q1.intoArray(y, yo + ldy + out);
        p2.intoArray(y, yo + 2 * ldy);
        q2.intoArray(y, yo + 2 * ldy + out);
        p3.intoArray(y, yo + 3 * ldy);
        q3.intoArray(y, yo + 3 * ldy + out);
        p4.intoArray(y, yo + 4 * ldy);
        q4.intoArray(y, yo + 4 * ldy + out);
        p5.intoArray(y, yo + 5 * ldy);
        q5.intoArray(y, yo + 5 * ldy + out);
        p6.intoArray(y, yo + 6 * ldy);
        q6.intoArray(y, yo + 6 * ldy + out);
        p7.intoArray(y, yo + 7 * ldy);
        q7.intoArray(y, yo + 7 * ldy + out);
    }

    /**
     * Four adjacent inputs of the filters' gradient in all three rows of the window, one vector wide, from four rows of
     * output pixels: g[k, i] += Σ over rows and columns x[row + k, column, i] · d[row, column].
     *
     * @param x the first of the inputs in the window of the first pixel is at {@code xo}, rows of {@code ldx}
     * @param columns pixels of an output row
     * @param d gradients from {@code dof}, in rows of {@code ldd} and pixels of {@code out} channels
     * @param g from {@code go}, in rows of the window of {@code ldg} and inputs of {@code out} channels
     */
    static void gradient(
            float[] x,
            int xo,
            int ldx,
            int in,
            int columns,
            float[] d,
            int dof,
            int ldd,
            int out,
            float[] g,
            int go,
            int ldg) {
        int a0 = xo;
        int a1 = xo + ldx;
        int a2 = xo + 2 * ldx;
        int a3 = xo + 3 * ldx;
        int a4 = xo + 4 * ldx;
        int a5 = xo + 5 * ldx;
        FloatVector p0 = FloatVector.fromArray(S, g, go);
        FloatVector p1 = FloatVector.fromArray(S, g, go + out);
        FloatVector p2 = FloatVector.fromArray(S, g, go + 2 * out);
        FloatVector p3 = FloatVector.fromArray(S, g, go + 3 * out);
        FloatVector q0 = FloatVector.fromArray(S, g, go + ldg);
        FloatVector q1 = FloatVector.fromArray(S, g, go + ldg + out);
        FloatVector q2 = FloatVector.fromArray(S, g, go + ldg + 2 * out);
        FloatVector q3 = FloatVector.fromArray(S, g, go + ldg + 3 * out);
        FloatVector r0 = FloatVector.fromArray(S, g, go + 2 * ldg);
        FloatVector r1 = FloatVector.fromArray(S, g, go + 2 * ldg + out);
        FloatVector r2 = FloatVector.fromArray(S, g, go + 2 * ldg + 2 * out);
        FloatVector r3 = FloatVector.fromArray(S, g, go + 2 * ldg + 3 * out);
        int d0 = dof;
        int d1 = dof + ldd;
        int d2 = dof + 2 * ldd;
        int d3 = dof + 3 * ldd;
        int xi = 0;
        int di = 0;
        for (int n = 0; n < columns; n++) {
            FloatVector v0 = FloatVector.fromArray(S, d, d0 + di);
            FloatVector v1 = FloatVector.fromArray(S, d, d1 + di);
            FloatVector v2 = FloatVector.fromArray(S, d, d2 + di);
            FloatVector v3 = FloatVector.fromArray(S, d, d3 + di);
            FloatVector b0 = FloatVector.broadcast(S, x[a0 + xi]);
            p0 = b0.fma(v0, p0);
            FloatVector b1 = FloatVector.broadcast(S, x[a1 + xi]);
            p0 = b1.fma(v1, p0);
            q0 = b1.fma(v0, q0);
            FloatVector b2 = FloatVector.broadcast(S, x[a2 + xi]);
            p0 = b2.fma(v2, p0);
            q0 = b2.fma(v1, q0);
            r0 = b2.fma(v0, r0);
            FloatVector b3 = FloatVector.broadcast(S, x[a3 + xi]);
            p0 = b3.fma(v3, p0);
            q0 = b3.fma(v2, q0);
            r0 = b3.fma(v1, r0);
            FloatVector b4 = FloatVector.broadcast(S, x[a4 + xi]);
            q0 = b4.fma(v3, q0);
            r0 = b4.fma(v2, r0);
            FloatVector b5 = FloatVector.broadcast(S, x[a5 + xi]);
            r0 = b5.fma(v3, r0);
            FloatVector c0 = FloatVector.broadcast(S, x[a0 + xi + 1]);
            p1 = c0.fma(v0, p1);
            FloatVector c1 = FloatVector.broadcast(S, x[a1 + xi + 1]);
            p1 = c1.fma(v1, p1);
            q1 = c1.fma(v0, q1);
            FloatVector c2 = FloatVector.broadcast(S, x[a2 + xi + 1]);
            p1 = c2.fma(v2, p1);
            q1 = c2.fma(v1, q1);
            r1 = c2.fma(v0, r1);
            FloatVector c3 = FloatVector.broadcast(S, x[a3 + xi + 1]);
            p1 = c3.fma(v3, p1);
            q1 = c3.fma(v2, q1);
            r1 = c3.fma(v1, r1);
            FloatVector c4 = FloatVector.broadcast(S, x[a4 + xi + 1]);
            q1 = c4.fma(v3, q1);
            r1 = c4.fma(v2, r1);
            FloatVector c5 = FloatVector.broadcast(S, x[a5 + xi + 1]);
            r1 = c5.fma(v3, r1);
            FloatVector e0 = FloatVector.broadcast(S, x[a0 + xi + 2]);
            p2 = e0.fma(v0, p2);
            FloatVector e1 = FloatVector.broadcast(S, x[a1 + xi + 2]);
            p2 = e1.fma(v1, p2);
            q2 = e1.fma(v0, q2);
            FloatVector e2 = FloatVector.broadcast(S, x[a2 + xi + 2]);
            p2 = e2.fma(v2, p2);
            q2 = e2.fma(v1, q2);
            r2 = e2.fma(v0, r2);
            FloatVector e3 = FloatVector.broadcast(S, x[a3 + xi + 2]);
            p2 = e3.fma(v3, p2);
            q2 = e3.fma(v2, q2);
            r2 = e3.fma(v1, r2);
            FloatVector e4 = FloatVector.broadcast(S, x[a4 + xi + 2]);
            q2 = e4.fma(v3, q2);
            r2 = e4.fma(v2, r2);
            FloatVector e5 = FloatVector.broadcast(S, x[a5 + xi + 2]);
            r2 = e5.fma(v3, r2);
            FloatVector f0 = FloatVector.broadcast(S, x[a0 + xi + 3]);
            p3 = f0.fma(v0, p3);
            FloatVector f1 = FloatVector.broadcast(S, x[a1 + xi + 3]);
            p3 = f1.fma(v1, p3);
            q3 = f1.fma(v0, q3);
            FloatVector f2 = FloatVector.broadcast(S, x[a2 + xi + 3]);
            p3 = f2.fma(v2, p3);
            q3 = f2.fma(v1, q3);
            r3 = f2.fma(v0, r3);
            FloatVector f3 = FloatVector.broadcast(S, x[a3 + xi + 3]);
            p3 = f3.fma(v3, p3);
            q3 = f3.fma(v2, q3);
            r3 = f3.fma(v1, r3);
            FloatVector f4 = FloatVector.broadcast(S, x[a4 + xi + 3]);
            q3 = f4.fma(v3, q3);
            r3 = f4.fma(v2, r3);
            FloatVector f5 = FloatVector.broadcast(S, x[a5 + xi + 3]);
            r3 = f5.fma(v3, r3);
            xi += in;
            di += out;
        }
        p0.intoArray(g, go);
        p1.intoArray(g, go + out);
        p2.intoArray(g, go + 2 * out);
        p3.intoArray(g, go + 3 * out);
        q0.intoArray(g, go + ldg);
        q1.intoArray(g, go + ldg + out);
        q2.intoArray(g, go + ldg + 2 * out);
        q3.intoArray(g, go + ldg + 3 * out);
        r0.intoArray(g, go + 2 * ldg);
        r1.intoArray(g, go + 2 * ldg + out);
        r2.intoArray(g, go + 2 * ldg + 2 * out);
        r3.intoArray(g, go + 2 * ldg + 3 * out);
    }
}
