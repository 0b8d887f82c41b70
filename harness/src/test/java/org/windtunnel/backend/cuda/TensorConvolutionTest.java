package org.windtunnel.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/** Convolutions on tensor cores, on integers small enough that all sums are exact, whatever their order and operands. */
class TensorConvolutionTest {
    private static final int NO_TENSOR_CORES = 0;
    /** Has blocks take all channels they can, or as few as they may. */
    private static final int LARGE = 1;
    private static final int SMALL = 1 << 20;

    /**
     * Every compiled size; channels beside their multiples; tiles that are not full; strides beyond the kernel; fewer
     * tiles of pixels for some remainders by the stride than for others.
     */
    static Stream<Arguments> shapes() {
        return Stream.of(
                        new WindowShape(3, 9, 10, 3, 16, 3, 1, 1),
                        new WindowShape(2, 7, 8, 16, 20, 3, 2, 1),
                        new WindowShape(1, 13, 11, 8, 5, 5, 2, 2),
                        new WindowShape(2, 10, 9, 6, 7, 7, 3, 2),
                        new WindowShape(3, 5, 6, 17, 33, 1, 2, 0),
                        new WindowShape(2, 7, 7, 4, 9, 1, 3, 0),
                        new WindowShape(5, 6, 5, 40, 12, 1, 1, 0),
                        new WindowShape(4, 17, 15, 8, 12, 3, 2, 1),
                        new WindowShape(1, 3, 2, 64, 130, 2, 1, 1))
                .flatMap(s -> rounded().map(o -> Arguments.of(s, o)));
    }

    static Stream<Operands> rounded() {
        return Stream.of(Operands.BF16, Operands.TF32);
    }

    /** A device with images on it. */
    private static final class Bench implements AutoCloseable {
        private final EmulatedDevice device;
        private final DeviceMemory memory;
        private final Workspace workspace;
        private final Arena arena;
        private final Convolution convolution;

        Bench(EmulatedDevice device, Operands operands, int leastBlocks) {
            this.device = device;
            memory = new DeviceMemory(device);
            workspace = new Workspace(memory);
            arena = Arena.of((type, n) -> new CudaStorage(device, memory, type, n), DType.FLOAT32);
            Calls calls = new Calls(device);
            TensorConvolution tensor = new TensorConvolution(device, calls, workspace, operands, leastBlocks);
            convolution = new Convolution(
                    device, calls, workspace, operands, 1 << 20, leastBlocks == NO_TENSOR_CORES ? null : tensor);
        }

        /** @param spare elements before it, so that it is not aligned unless they are a multiple of 4 */
        Tensor of(float[] values, int spare) {
            Tensor t = arena.take(values.length + spare).slice(spare, values.length);
            t.set(values);
            return t;
        }

        float[] forward(WindowShape s, float[] x, float[] filters) {
            float[] y = new float[s.batch() * s.outSize()];
            Tensor found = of(y, 0);
            convolution.forward(s, 1, of(x, 0), of(filters, 0), false, found);
            return found.toFloats();
        }

        /** y, dx and dFilters, each added to ones or written over them. */
        float[][] all(WindowShape s, double alpha, boolean add, int spare, float[] x, float[] filters, float[] dy) {
            Tensor tx = of(x, spare);
            Tensor tFilters = of(filters, spare);
            Tensor tdy = of(dy, spare);
            Tensor y = of(ones(dy.length), spare);
            convolution.forward(s, alpha, tx, tFilters, add, y);
            Tensor dx = of(ones(x.length), spare);
            Tensor dFilters = of(ones(filters.length), spare);
            convolution.backward(s, alpha, tx, tFilters, tdy, dx, add, dFilters, add);
            return new float[][] {y.toFloats(), dx.toFloats(), dFilters.toFloats()};
        }

        @Override
        public void close() {
            arena.close();
            workspace.close();
            memory.close();
            device.close();
        }
    }

    private static float[] ones(int n) {
        float[] ones = new float[n];
        Arrays.fill(ones, 1);
        return ones;
    }

    private static float[] images(WindowShape s, String stream) {
        return ConvolutionTest.integers(stream, s.batch() * s.imageSize());
    }

    private static float[] filters(WindowShape s, String stream) {
        return ConvolutionTest.integers(stream, s.out() * s.in() * s.kernel() * s.kernel());
    }

    private static float[] gradients(WindowShape s) {
        return ConvolutionTest.integers("dy", s.batch() * s.outSize());
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void exactSums(WindowShape s, Operands operands) {
        float[] x = images(s, "x");
        float[] filters = filters(s, "filters");
        float[] dy = gradients(s);
        float[][] expected = ConvolutionTest.reference(s, x, filters, dy);
        try (Bench bench = new Bench(new EmulatedDevice(), operands, LARGE)) {
            float[][] added = bench.all(s, 2, true, 1, x, filters, dy);
            float[][] written = bench.all(s, 1, false, 0, x, filters, dy);
            for (int i = 0; i < expected.length; i++) {
                assertThat(added[i]).as("%d of %s, added", i, s).isEqualTo(expected[i]);
                for (int j = 0; j < written[i].length; j++) {
                    // The reference is 1 + 2 of these.
                    written[i][j] = 1 + 2 * written[i][j];
                }
                assertThat(written[i]).as("%d of %s, written", i, s).isEqualTo(expected[i]);
            }
        }
    }

    /** Central differences of dy · y along a direction are exact, since y is linear in images and in filters. */
    @ParameterizedTest
    @MethodSource("shapes")
    void gradientsAreDifferences(WindowShape s, Operands operands) {
        float[] x = images(s, "x");
        float[] filters = filters(s, "filters");
        float[] dy = gradients(s);
        float[] ofX = images(s, "direction");
        float[] ofFilters = filters(s, "direction");
        try (Bench bench = new Bench(EmulatedDevice.lastThreadFirst(), operands, SMALL)) {
            float[][] found = bench.all(s, 1, false, 0, x, filters, dy);
            double overX = dot(dy, bench.forward(s, sum(x, ofX, 1), filters))
                    - dot(dy, bench.forward(s, sum(x, ofX, -1), filters));
            assertThat(2 * dot(found[1], ofX)).as("images of %s", s).isEqualTo(overX);
            double overFilters = dot(dy, bench.forward(s, x, sum(filters, ofFilters, 1)))
                    - dot(dy, bench.forward(s, x, sum(filters, ofFilters, -1)));
            assertThat(2 * dot(found[2], ofFilters)).as("filters of %s", s).isEqualTo(overFilters);
        }
    }

    private static float[] sum(float[] a, float[] b, float times) {
        float[] sum = new float[a.length];
        for (int i = 0; i < a.length; i++) {
            sum[i] = a[i] + times * b[i];
        }
        return sum;
    }

    private static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    /** In blocks of 128, 64 and 32 channels: one order of each sum. */
    @ParameterizedTest
    @MethodSource("rounded")
    void sizesOfBlocksDoNotMatter(Operands operands) {
        WindowShape s = new WindowShape(1, 9, 7, 70, 100, 3, 2, 1);
        float[] x = ConvolutionTest.gaussian("x", s.batch() * s.imageSize());
        float[] filters = ConvolutionTest.gaussian("filters", s.out() * s.in() * 9);
        float[] dy = ConvolutionTest.gaussian("dy", s.batch() * s.outSize());
        float[][] expected = null;
        for (int leastBlocks : new int[] {LARGE, 2, SMALL}) {
            try (Bench bench = new Bench(new EmulatedDevice(), operands, leastBlocks)) {
                float[][] found = bench.all(s, 0.3, true, 0, x, filters, dy);
                expected = expected == null ? found : expected;
                assertThat(found).as("at least %d blocks", leastBlocks).isDeepEqualTo(expected);
            }
        }
    }

    /** In many parts, added in order; a missing barrier shows when the last thread of a block comes first. */
    @ParameterizedTest
    @MethodSource("rounded")
    void theSameBitsInAnyOrderOfThreads(Operands operands) {
        WindowShape s = new WindowShape(11, 20, 21, 4, 16, 3, 1, 1);
        float[] x = ConvolutionTest.gaussian("x", s.batch() * s.imageSize());
        float[] filters = ConvolutionTest.gaussian("filters", s.out() * s.in() * 9);
        float[] dy = ConvolutionTest.gaussian("dy", s.batch() * s.outSize());
        float[][] expected;
        try (Bench bench = new Bench(new EmulatedDevice(), operands, LARGE)) {
            expected = bench.all(s, 1, false, 0, x, filters, dy);
            assertThat(bench.all(s, 1, false, 1, x, filters, dy)).as("not aligned").isDeepEqualTo(expected);
        }
        try (Bench bench = new Bench(EmulatedDevice.lastThreadFirst(), operands, SMALL)) {
            assertThat(bench.all(s, 1, false, 0, x, filters, dy)).isDeepEqualTo(expected);
        }
        // Operands round to the same numbers as in the products of cuBLAS.
        try (Bench bench = new Bench(new EmulatedDevice(), operands, NO_TENSOR_CORES)) {
            float[][] products = bench.all(s, 1, false, 0, x, filters, dy);
            for (int i = 0; i < products.length; i++) {
                for (int j = 0; j < products[i].length; j++) {
                    assertThat(expected[i][j]).isCloseTo(products[i][j], Offset.offset(2e-3f));
                }
            }
        }
    }

    @Test
    void whichServes() {
        DeviceInfo ampere = new DeviceInfo("A100", 8, 0, 108, 1L << 34, 163 << 10, "");
        DeviceInfo turing = new DeviceInfo("T4", 7, 5, 40, 1L << 34, 64 << 10, "");
        DeviceInfo ada = new DeviceInfo("RTX 4090", 8, 9, 128, 1L << 34, 99 << 10, "");
        assertThat(ConvolutionTiles.serve(Operands.FP32, ampere)).isFalse();
        assertThat(rounded()).allMatch(operands -> ConvolutionTiles.serve(operands, ampere)
                && ConvolutionTiles.serve(operands, ada) && !ConvolutionTiles.serve(operands, turing));
        assertThat(ConvolutionTiles.of(Operands.BF16, 16, 1, 256).outputs()).isEqualTo(16);
        assertThat(ConvolutionTiles.of(Operands.BF16, 17, 1, 256).outputs()).isEqualTo(32);
        assertThat(ConvolutionTiles.of(Operands.BF16, 64, 255, 256).outputs()).isEqualTo(32);
        assertThat(ConvolutionTiles.of(Operands.BF16, 64, 256, 256).outputs()).isEqualTo(64);
        assertThat(ConvolutionTiles.of(Operands.TF32, 512, 64, 256).outputs()).isEqualTo(128);
        assertThat(ConvolutionTiles.of(Operands.TF32, 512, 32, 256).outputs()).isEqualTo(64);
    }
}
