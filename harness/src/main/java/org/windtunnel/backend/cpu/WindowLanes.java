package org.windtunnel.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The inner loops of direct convolution, with the Vector API. A vector holds adjacent output channels of one pixel; the
 * matching input is one number for all of them.
 *
 * <p>The methods are as large as they can be: C2 stops inlining the Vector API after some sixty of its calls in one method,
 * and gives up keeping vectors in registers where loops are nested or a vector leaves for a method that is not inlined.
 * Hence six pixels (or inputs) at a time, one row of the window to a call, and no helpers.
 */
final class WindowLanes {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    /** Output channels in a vector. */
    static final int L = S.length();
    /** Output pixels of a call, or inputs of a call for the filters' gradient. */
    static final int TILE = 6;

    private WindowLanes() {}

    /**
     * y += filters · x for six output pixels, two vectors of output channels, and one row of the window.
     *
     * @param x padded images
     * @param at where the window of each pixel starts; the tile's first is {@code at[a]}
     * @param from first input of the row, relative to that
     * @param to end of the row's k·in adjacent inputs
     * @param w filters, a row of 2 L channels for each input, from {@code wo}
     * @param y pixels of {@code ldy} channels, from {@code yo}
     */
    static void two(float[] x, int[] at, int a, int from, int to, float[] w, int wo, float[] y, int yo, int ldy) {
        int a0 = at[a + 0];
        int a1 = at[a + 1];
        int a2 = at[a + 2];
        int a3 = at[a + 3];
        int a4 = at[a + 4];
        int a5 = at[a + 5];
        FloatVector p0 = FloatVector.fromArray(S, y, yo);
        FloatVector q0 = FloatVector.fromArray(S, y, yo + L);
        FloatVector p1 = FloatVector.fromArray(S, y, yo + ldy);
        FloatVector q1 = FloatVector.fromArray(S, y, yo + ldy + L);
        FloatVector p2 = FloatVector.fromArray(S, y, yo + 2 * ldy);
        FloatVector q2 = FloatVector.fromArray(S, y, yo + 2 * ldy + L);
        FloatVector p3 = FloatVector.fromArray(S, y, yo + 3 * ldy);
        FloatVector q3 = FloatVector.fromArray(S, y, yo + 3 * ldy + L);
        FloatVector p4 = FloatVector.fromArray(S, y, yo + 4 * ldy);
        FloatVector q4 = FloatVector.fromArray(S, y, yo + 4 * ldy + L);
        FloatVector p5 = FloatVector.fromArray(S, y, yo + 5 * ldy);
        FloatVector q5 = FloatVector.fromArray(S, y, yo + 5 * ldy + L);
        int wi = wo;
        for (int j = from; j < to; j++) {
            FloatVector u = FloatVector.fromArray(S, w, wi);
            FloatVector v = FloatVector.fromArray(S, w, wi + L);
            wi += 2 * L;
            FloatVector b0 = FloatVector.broadcast(S, x[a0 + j]);
            p0 = b0.fma(u, p0);
            q0 = b0.fma(v, q0);
            FloatVector b1 = FloatVector.broadcast(S, x[a1 + j]);
            p1 = b1.fma(u, p1);
            q1 = b1.fma(v, q1);
            FloatVector b2 = FloatVector.broadcast(S, x[a2 + j]);
            p2 = b2.fma(u, p2);
            q2 = b2.fma(v, q2);
            FloatVector b3 = FloatVector.broadcast(S, x[a3 + j]);
            p3 = b3.fma(u, p3);
            q3 = b3.fma(v, q3);
            FloatVector b4 = FloatVector.broadcast(S, x[a4 + j]);
            p4 = b4.fma(u, p4);
            q4 = b4.fma(v, q4);
            FloatVector b5 = FloatVector.broadcast(S, x[a5 + j]);
            p5 = b5.fma(u, p5);
            q5 = b5.fma(v, q5);
        }
        p0.intoArray(y, yo);
        q0.intoArray(y, yo + L);
        p1.intoArray(y, yo + ldy);
        q1.intoArray(y, yo + ldy + L);
        p2.intoArray(y, yo + 2 * ldy);
        q2.intoArray(y, yo + 2 * ldy + L);
        p3.intoArray(y, yo + 3 * ldy);
        q3.intoArray(y, yo + 3 * ldy + L);
        p4.intoArray(y, yo + 4 * ldy);
        q4.intoArray(y, yo + 4 * ldy + L);
        p5.intoArray(y, yo + 5 * ldy);
        q5.intoArray(y, yo + 5 * ldy + L);
    }

    /**
     * As {@link #two} with one vector of output channels. Even and odd inputs have sums of their own, so that additions do
     * not wait for each other; {@code to - from} is even.
     */
    static void one(float[] x, int[] at, int a, int from, int to, float[] w, int wo, float[] y, int yo, int ldy) {
        int a0 = at[a + 0];
        int a1 = at[a + 1];
        int a2 = at[a + 2];
        int a3 = at[a + 3];
        int a4 = at[a + 4];
        int a5 = at[a + 5];
        FloatVector p0 = FloatVector.fromArray(S, y, yo);
        FloatVector p1 = FloatVector.fromArray(S, y, yo + ldy);
        FloatVector p2 = FloatVector.fromArray(S, y, yo + 2 * ldy);
        FloatVector p3 = FloatVector.fromArray(S, y, yo + 3 * ldy);
        FloatVector p4 = FloatVector.fromArray(S, y, yo + 4 * ldy);
        FloatVector p5 = FloatVector.fromArray(S, y, yo + 5 * ldy);
        FloatVector q0 = FloatVector.zero(S);
        FloatVector q1 = FloatVector.zero(S);
        FloatVector q2 = FloatVector.zero(S);
        FloatVector q3 = FloatVector.zero(S);
        FloatVector q4 = FloatVector.zero(S);
        FloatVector q5 = FloatVector.zero(S);
        int wi = wo;
        for (int j = from; j < to; j += 2) {
            FloatVector u = FloatVector.fromArray(S, w, wi);
            FloatVector v = FloatVector.fromArray(S, w, wi + L);
            wi += 2 * L;
            p0 = FloatVector.broadcast(S, x[a0 + j]).fma(u, p0);
            q0 = FloatVector.broadcast(S, x[a0 + j + 1]).fma(v, q0);
            p1 = FloatVector.broadcast(S, x[a1 + j]).fma(u, p1);
            q1 = FloatVector.broadcast(S, x[a1 + j + 1]).fma(v, q1);
            p2 = FloatVector.broadcast(S, x[a2 + j]).fma(u, p2);
            q2 = FloatVector.broadcast(S, x[a2 + j + 1]).fma(v, q2);
            p3 = FloatVector.broadcast(S, x[a3 + j]).fma(u, p3);
            q3 = FloatVector.broadcast(S, x[a3 + j + 1]).fma(v, q3);
            p4 = FloatVector.broadcast(S, x[a4 + j]).fma(u, p4);
            q4 = FloatVector.broadcast(S, x[a4 + j + 1]).fma(v, q4);
            p5 = FloatVector.broadcast(S, x[a5 + j]).fma(u, p5);
            q5 = FloatVector.broadcast(S, x[a5 + j + 1]).fma(v, q5);
        }
        p0.add(q0).intoArray(y, yo);
        p1.add(q1).intoArray(y, yo + ldy);
        p2.add(q2).intoArray(y, yo + 2 * ldy);
        p3.add(q3).intoArray(y, yo + 3 * ldy);
        p4.add(q4).intoArray(y, yo + 4 * ldy);
        p5.add(q5).intoArray(y, yo + 5 * ldy);
    }

    /**
     * Six rows of the filters' gradient, two vectors wide: g[i] += Σ over pixels x[at + o + i] · d.
     *
     * @param at where each pixel's window starts in x
     * @param o the first row's input, relative to that
     * @param d gradients of pixels of {@code ldd} channels, from {@code dof}
     * @param g rows of ldg, from {@code go}
     */
    static void gradientTwo(
            float[] x, int[] at, int o, int pixels, float[] d, int dof, int ldd, float[] g, int go, int ldg) {
        FloatVector p0 = FloatVector.fromArray(S, g, go);
        FloatVector q0 = FloatVector.fromArray(S, g, go + L);
        FloatVector p1 = FloatVector.fromArray(S, g, go + ldg);
        FloatVector q1 = FloatVector.fromArray(S, g, go + ldg + L);
        FloatVector p2 = FloatVector.fromArray(S, g, go + 2 * ldg);
        FloatVector q2 = FloatVector.fromArray(S, g, go + 2 * ldg + L);
        FloatVector p3 = FloatVector.fromArray(S, g, go + 3 * ldg);
        FloatVector q3 = FloatVector.fromArray(S, g, go + 3 * ldg + L);
        FloatVector p4 = FloatVector.fromArray(S, g, go + 4 * ldg);
        FloatVector q4 = FloatVector.fromArray(S, g, go + 4 * ldg + L);
        FloatVector p5 = FloatVector.fromArray(S, g, go + 5 * ldg);
        FloatVector q5 = FloatVector.fromArray(S, g, go + 5 * ldg + L);
        int di = dof;
        for (int n = 0; n < pixels; n++) {
            int i = at[n] + o;
            FloatVector u = FloatVector.fromArray(S, d, di);
            FloatVector v = FloatVector.fromArray(S, d, di + L);
            di += ldd;
            FloatVector b0 = FloatVector.broadcast(S, x[i]);
            p0 = b0.fma(u, p0);
            q0 = b0.fma(v, q0);
            FloatVector b1 = FloatVector.broadcast(S, x[i + 1]);
            p1 = b1.fma(u, p1);
            q1 = b1.fma(v, q1);
            FloatVector b2 = FloatVector.broadcast(S, x[i + 2]);
            p2 = b2.fma(u, p2);
            q2 = b2.fma(v, q2);
            FloatVector b3 = FloatVector.broadcast(S, x[i + 3]);
            p3 = b3.fma(u, p3);
            q3 = b3.fma(v, q3);
            FloatVector b4 = FloatVector.broadcast(S, x[i + 4]);
            p4 = b4.fma(u, p4);
            q4 = b4.fma(v, q4);
            FloatVector b5 = FloatVector.broadcast(S, x[i + 5]);
            p5 = b5.fma(u, p5);
            q5 = b5.fma(v, q5);
        }
        p0.intoArray(g, go);
        q0.intoArray(g, go + L);
        p1.intoArray(g, go + ldg);
        q1.intoArray(g, go + ldg + L);
        p2.intoArray(g, go + 2 * ldg);
        q2.intoArray(g, go + 2 * ldg + L);
        p3.intoArray(g, go + 3 * ldg);
        q3.intoArray(g, go + 3 * ldg + L);
        p4.intoArray(g, go + 4 * ldg);
        q4.intoArray(g, go + 4 * ldg + L);
        p5.intoArray(g, go + 5 * ldg);
        q5.intoArray(g, go + 5 * ldg + L);
    }

    /** As {@link #gradientTwo} with one vector; even and odd pixels have sums of their own, {@code pixels} is even. */
    static void gradientOne(
            float[] x, int[] at, int o, int pixels, float[] d, int dof, int ldd, float[] g, int go, int ldg) {
        FloatVector p0 = FloatVector.fromArray(S, g, go);
        FloatVector p1 = FloatVector.fromArray(S, g, go + ldg);
        FloatVector p2 = FloatVector.fromArray(S, g, go + 2 * ldg);
        FloatVector p3 = FloatVector.fromArray(S, g, go + 3 * ldg);
        FloatVector p4 = FloatVector.fromArray(S, g, go + 4 * ldg);
        FloatVector p5 = FloatVector.fromArray(S, g, go + 5 * ldg);
        FloatVector q0 = FloatVector.zero(S);
        FloatVector q1 = FloatVector.zero(S);
        FloatVector q2 = FloatVector.zero(S);
        FloatVector q3 = FloatVector.zero(S);
        FloatVector q4 = FloatVector.zero(S);
        FloatVector q5 = FloatVector.zero(S);
        int di = dof;
        for (int n = 0; n < pixels; n += 2) {
            int i = at[n] + o;
            int k = at[n + 1] + o;
            FloatVector u = FloatVector.fromArray(S, d, di);
            FloatVector v = FloatVector.fromArray(S, d, di + ldd);
            di += 2 * ldd;
            p0 = FloatVector.broadcast(S, x[i]).fma(u, p0);
            q0 = FloatVector.broadcast(S, x[k]).fma(v, q0);
            p1 = FloatVector.broadcast(S, x[i + 1]).fma(u, p1);
            q1 = FloatVector.broadcast(S, x[k + 1]).fma(v, q1);
            p2 = FloatVector.broadcast(S, x[i + 2]).fma(u, p2);
            q2 = FloatVector.broadcast(S, x[k + 2]).fma(v, q2);
            p3 = FloatVector.broadcast(S, x[i + 3]).fma(u, p3);
            q3 = FloatVector.broadcast(S, x[k + 3]).fma(v, q3);
            p4 = FloatVector.broadcast(S, x[i + 4]).fma(u, p4);
            q4 = FloatVector.broadcast(S, x[k + 4]).fma(v, q4);
            p5 = FloatVector.broadcast(S, x[i + 5]).fma(u, p5);
            q5 = FloatVector.broadcast(S, x[k + 5]).fma(v, q5);
        }
        p0.add(q0).intoArray(g, go);
        p1.add(q1).intoArray(g, go + ldg);
        p2.add(q2).intoArray(g, go + 2 * ldg);
        p3.add(q3).intoArray(g, go + 3 * ldg);
        p4.add(q4).intoArray(g, go + 4 * ldg);
        p5.add(q5).intoArray(g, go + 5 * ldg);
    }
}
