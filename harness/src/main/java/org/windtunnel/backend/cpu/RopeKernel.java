package org.windtunnel.backend.cpu;

import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/** Rotary positions. */
final class RopeKernel extends Kernel {
    private Tensor x;
    private Tensor y;
    private Tensor cos;
    private Tensor sin;
    private int t;
    private int heads;
    private int headDim;
    private int ldx;
    private int ldy;
    private float sign;

    RopeKernel(Engine engine) {
        super(engine);
    }

    void run(
            int rows,
            int time,
            int headCount,
            int dim,
            Tensor xs,
            int distance,
            Tensor c,
            Tensor s,
            boolean inverse,
            Tensor ys,
            int distanceTo) {
        if (dim % 2 != 0) {
            throw new IllegalArgumentException("expected an even head dimension for rotary positions, found " + dim);
        }
        Shapes.fits(xs, rows, headCount * dim, distance);
        Shapes.fits(ys, rows, headCount * dim, distanceTo);
        Shapes.atLeast(c, (long) Math.min(time, rows) * (dim / 2));
        Shapes.atLeast(s, (long) Math.min(time, rows) * (dim / 2));
        x = xs;
        y = ys;
        cos = c;
        sin = s;
        t = time;
        heads = headCount;
        headDim = dim;
        ldx = distance;
        ldy = distanceTo;
        sign = inverse ? -1f : 1f;
        launch(rows, (long) headCount * dim);
    }

    @Override
    void range(int from, int to, int chunk, int thread, Scratch s) {
        int span = heads * headDim;
        int half = headDim / 2;
        float[] v = s.floats(0, span);
        float[] c = s.floats(1, half);
        float[] si = s.floats(2, half);
        for (int row = from; row < to; row++) {
            int position = row % t;
            buffer(cos).get(at(cos) + position * half, c, 0, half);
            buffer(sin).get(at(sin) + position * half, si, 0, half);
            buffer(x).get(at(x) + row * ldx, v, 0, span);
            for (int h = 0; h < heads; h++) {
                int lo = h * headDim;
                lanes.rotate(v, lo, lo + half, c, si, 0, sign, half);
            }
            buffer(y).put(at(y) + row * ldy, v, 0, span);
        }
    }
}
