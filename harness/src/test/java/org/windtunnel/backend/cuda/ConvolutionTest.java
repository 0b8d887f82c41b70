package org.windtunnel.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/** Convolutions cut into pieces, on integers small enough that all sums are exact, whatever their order and operands. */
class ConvolutionTest {
    /** 1 gives pieces of one image, the last all images at once. */
    private static final long[] COLUMN_BYTES = {1, 200_000, 1L << 30};

    static Stream<Arguments> shapes() {
        return Stream.of(
                        new WindowShape(7, 15, 20, 4, 5, 3, 1, 1),
                        new WindowShape(5, 11, 9, 3, 8, 3, 2, 1),
                        new WindowShape(6, 21, 19, 8, 3, 1, 1, 0),
                        new WindowShape(3, 9, 10, 4, 2, 1, 2, 0),
                        new WindowShape(2, 12, 13, 5, 3, 7, 3, 2))
                .flatMap(s -> Stream.of(Operands.FP32, Operands.BF16).map(o -> Arguments.of(s, o)));
    }

    static float[] integers(String stream, int count) {
        Rng rng = new Rng(1, Rng.stream(stream));
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = rng.below(i, 7) - 3;
        }
        return values;
    }

    /** y, dx and dFilters, each added to a vector of ones. */
    static float[][] reference(WindowShape s, float[] x, float[] filters, float[] dy) {
        float[] y = ones(dy.length);
        float[] dx = ones(x.length);
        float[] dFilters = ones(filters.length);
        int k = s.kernel();
        for (int o = 0; o < dy.length; o++) {
            int channel = o % s.out();
            int ox = o / s.out() % s.outWidth();
            int oy = o / s.out() / s.outWidth() % s.outHeight();
            int image = o / s.outSize();
            for (int f = 0; f < s.in() * k * k; f++) {
                int iy = oy * s.stride() - s.padding() + f / k % k;
                int ix = ox * s.stride() - s.padding() + f % k;
                if (iy >= 0 && iy < s.height() && ix >= 0 && ix < s.width()) {
                    int i = ((image * s.height() + iy) * s.width() + ix) * s.in() + f / (k * k);
                    int w = channel * s.in() * k * k + f;
                    y[o] += 2 * x[i] * filters[w];
                    dx[i] += 2 * dy[o] * filters[w];
                    dFilters[w] += 2 * dy[o] * x[i];
                }
            }
        }
        return new float[][] {y, dx, dFilters};
    }

    private static float[] ones(int n) {
        float[] ones = new float[n];
        Arrays.fill(ones, 1);
        return ones;
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void anyPiecesGiveTheSame(WindowShape s, Operands operands) {
        float[] x = integers("x", s.batch() * s.imageSize());
        float[] filters = integers("filters", s.out() * s.in() * s.kernel() * s.kernel());
        float[] dy = integers("dy", s.batch() * s.outSize());
        float[][] expected = reference(s, x, filters, dy);
        for (long bytes : COLUMN_BYTES) {
            float[][] found = run(s, operands, bytes, x, filters, dy);
            for (int i = 0; i < expected.length; i++) {
                assertThat(found[i]).as("%d of %s in pieces of %d bytes", i, s, bytes).isEqualTo(expected[i]);
            }
        }
    }

    /** The gradients are done twice, together and alone, and must be the same. */
    private static float[][] run(
            WindowShape s, Operands operands, long columnBytes, float[] x, float[] filters, float[] dy) {
        try (EmulatedDevice device = new EmulatedDevice();
                DeviceMemory memory = new DeviceMemory(device);
                Workspace workspace = new Workspace(memory);
                Arena arena = Arena.of((type, n) -> new CudaStorage(device, memory, type, n), DType.FLOAT32)) {
            Calls calls = new Calls(device);
            Convolution convolution = new Convolution(device, calls, workspace, operands, columnBytes, null);
            // One element before the images, so that they are not aligned.
            Tensor tx = of(arena.take(x.length + 1).slice(1, x.length), x);
            Tensor tFilters = of(arena.take(filters.length), filters);
            Tensor tdy = of(arena.take(dy.length), dy);
            Tensor y = of(arena.take(dy.length), ones(dy.length));
            convolution.forward(s, 2, tx, tFilters, true, y);
            Tensor dx = of(arena.take(x.length), ones(x.length));
            Tensor dFilters = of(arena.take(filters.length), ones(filters.length));
            convolution.backward(s, 2, tx, tFilters, tdy, dx, true, dFilters, true);
            Tensor aligned = of(arena.take(x.length), x);
            Tensor alone = of(arena.take(filters.length), ones(filters.length));
            convolution.backward(s, 2, aligned, tFilters, tdy, null, false, alone, true);
            assertThat(alone.toFloats()).isEqualTo(dFilters.toFloats());
            return new float[][] {y.toFloats(), dx.toFloats(), dFilters.toFloats()};
        }
    }

    private static Tensor of(Tensor t, float[] values) {
        t.set(values);
        return t;
    }

    /** Rounding to 8 and 11 significant bits, in both operands of all three products. */
    @ParameterizedTest
    @EnumSource(value = Operands.class, names = "FP32", mode = EnumSource.Mode.EXCLUDE)
    void operandsAreRoundedAsAsked(Operands operands) {
        WindowShape s = new WindowShape(2, 8, 9, 4, 3, 3, 1, 1);
        float[] x = gaussian("x", s.batch() * s.imageSize());
        float[] filters = gaussian("filters", s.out() * s.in() * s.kernel() * s.kernel());
        float[] dy = gaussian("dy", s.batch() * s.outSize());
        float[][] exact = run(s, Operands.FP32, 1L << 30, x, filters, dy);
        float[][] rounded = run(s, operands, 1L << 30, x, filters, dy);
        for (int i = 0; i < exact.length; i++) {
            double difference = 0;
            double size = 0;
            for (int j = 0; j < exact[i].length; j++) {
                difference += Math.pow(rounded[i][j] - exact[i][j], 2);
                size += Math.pow(exact[i][j], 2);
            }
            double deviation = Math.sqrt(difference / size);
            if (operands == Operands.BF16) {
                assertThat(deviation).isBetween(5e-4, 5e-3);
            } else {
                assertThat(deviation).isBetween(5e-5, 6e-4);
            }
        }
    }

    static float[] gaussian(String stream, int count) {
        Rng rng = new Rng(1, Rng.stream(stream));
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) rng.gaussian(i);
        }
        return values;
    }
}
