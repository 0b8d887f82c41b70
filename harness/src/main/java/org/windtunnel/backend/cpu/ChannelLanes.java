package org.windtunnel.backend.cpu;

/**
 * Arithmetic by channel on heap blocks of {@code rows} rows of {@code c} channels, in plain Java;
 * {@link VectorChannelLanes} overrides it with the Vector API. Every method leaves out the channels before {@code first};
 * coefficients are arrays of channels from an offset {@code o}.
 */
class ChannelLanes {

    /** With d = x - shift: sum += d, square += d², by channel. */
    void moments(float[] x, int first, int rows, int c, float[] shift, float[] sum, float[] square) {
        for (int r = 0; r < rows; r++) {
            for (int j = first; j < c; j++) {
                float d = x[r * c + j] - shift[j];
                sum[j] += d;
                square[j] = FloatMath.fma(d, d, square[j]);
            }
        }
    }

    /** y = a x + b + skip, then ReLU; x and skip may be null, for 0; y may be either. */
    void apply(
            float[] x, float[] a, float[] b, int o, float[] skip, boolean relu, float[] y, int first, int rows, int c) {
        for (int r = 0; r < rows; r++) {
            for (int j = first; j < c; j++) {
                int i = r * c + j;
                float v = x == null ? b[o + j] : FloatMath.fma(x[i], a[o + j], b[o + j]);
                v = skip == null ? v : v + skip[i];
                y[i] = relu ? Math.max(v, 0f) : v;
            }
        }
    }

    /** sum += d, product += d (x - shift), by channel. */
    void gradientSums(
            float[] d, float[] x, int first, int rows, int c, float[] shift, int o, float[] sum, float[] product) {
        for (int r = 0; r < rows; r++) {
            for (int j = first; j < c; j++) {
                int i = r * c + j;
                sum[j] += d[i];
                product[j] = FloatMath.fma(d[i], x[i] - shift[o + j], product[j]);
            }
        }
    }

    /** dx = p d + q (x - shift) + r; dx may be d. */
    void gradient(
            float[] d,
            float[] x,
            float[] p,
            float[] q,
            float[] r,
            float[] shift,
            int o,
            float[] dx,
            int first,
            int rows,
            int c) {
        for (int row = 0; row < rows; row++) {
            for (int j = first; j < c; j++) {
                int i = row * c + j;
                float centred = FloatMath.fma(q[o + j], x[i] - shift[o + j], r[o + j]);
                dx[i] = FloatMath.fma(p[o + j], d[i], centred);
            }
        }
    }
}
