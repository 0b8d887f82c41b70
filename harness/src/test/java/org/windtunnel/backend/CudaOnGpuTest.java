package org.windtunnel.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.windtunnel.backend.AttentionKernels.AttentionShape;
import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.backend.cuda.CudaBackend;
import org.windtunnel.backend.cuda.EmulatedDevice;
import org.windtunnel.backend.cuda.FragmentsTest;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.backend.cuda.driver.CudaDevice;
import org.windtunnel.config.ConfigException;
import org.windtunnel.tensor.DType;

/**
 * The kernels on a GPU, against the same sources on the processor, which other tests compare with {@code nd4j}. Needs no
 * ND4J, which a GPU machine may not have.
 */
@Tag("gpu")
class CudaOnGpuTest {
    private static final double TOLERANCE = 2e-5;
    /** 10 bits of mantissa, in both operands, relative to the largest element. */
    private static final double TF32_TOLERANCE = 4e-3;

    @BeforeAll
    static void requireGpu() {
        try {
            CudaDevice.open().close();
        } catch (ConfigException e) {
            System.out.println("skipped: kernels on a GPU: " + e.getMessage());
            Assumptions.abort(e.getMessage());
        }
    }

    private static Backend gpu(Operands operands) {
        return new CudaBackend(CudaDevice.open(), operands);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void everyKernel(long seed) {
        compare(Operands.FP32, seed, TOLERANCE);
    }

    @ParameterizedTest
    @EnumSource(value = Operands.class, names = "FP32", mode = EnumSource.Mode.EXCLUDE)
    void productsOfRoundedOperands(Operands operands) {
        compare(operands, 6, operands == Operands.TF32 ? TF32_TOLERANCE : TOLERANCE);
    }

    /** If this fails, attention on tensor cores is wrong everywhere. */
    @Test
    void lanesOfAWarpHoldWhatTheEmulationSays() {
        try (CudaDevice device = CudaDevice.open()) {
            Assumptions.assumeTrue(device.info().major() >= 8, "tensor cores with bf16 came with 8.0");
            FragmentsTest.requireLayout(device, false);
            FragmentsTest.requireLayout(device, true);
        }
    }

    /** Against the card's own kernels in fp32, on numbers that bf16 holds. */
    @ParameterizedTest
    @MethodSource("org.windtunnel.backend.TensorAttentionTest#shapes")
    void attentionOnTensorCores(AttentionShape shape) {
        try (Backend exact = gpu(Operands.FP32)) {
            Map<String, double[]> expected = TensorAttentionTest.attention(exact, shape, true);
            TensorAttentionTest.rounded().forEach(operands -> {
                try (Backend gpu = gpu(operands)) {
                    Map<String, double[]> found = TensorAttentionTest.attention(gpu, shape, true);
                    expected.forEach((quantity, values) ->
                            assertThat(BackendComparisonTest.deviation(values, found.get(quantity)))
                                    .as("%s of %s, %s", quantity, shape, operands)
                                    .isLessThan(TensorAttentionTest.UNITS * TensorAttentionTest.unit(operands)));
                }
            });
        }
    }

    /** Shapes of a ResNet's, too, against the card's products of matrices of windows in fp32. */
    static Stream<WindowShape> convolutions() {
        return Stream.concat(
                TensorConvolutionComparisonTest.shapes().map(a -> (WindowShape) a.get()[0]).distinct(),
                Stream.of(
                        new WindowShape(64, 32, 32, 3, 16, 3, 1, 1),
                        new WindowShape(64, 32, 32, 16, 32, 3, 2, 1),
                        new WindowShape(64, 16, 16, 64, 64, 3, 1, 1),
                        new WindowShape(32, 14, 14, 256, 512, 1, 2, 0),
                        new WindowShape(16, 14, 14, 256, 256, 3, 1, 1)));
    }

    /** On numbers that bf16 holds, so that only the order of sums differs. */
    @ParameterizedTest
    @MethodSource("convolutions")
    void convolutionsOnTensorCores(WindowShape shape) {
        try (Backend exact = gpu(Operands.FP32)) {
            Map<String, double[]> expected = TensorConvolutionComparisonTest.convolution(exact, shape, true);
            TensorAttentionTest.rounded().forEach(operands -> {
                try (Backend gpu = gpu(operands)) {
                    Map<String, double[]> found = TensorConvolutionComparisonTest.convolution(gpu, shape, true);
                    expected.forEach((quantity, values) ->
                            assertThat(BackendComparisonTest.deviation(values, found.get(quantity)))
                                    .as("%s of %s, %s", quantity, shape, operands)
                                    .isLessThan(TOLERANCE));
                }
            });
        }
    }

    /** Scores that differ in their last bits may round to neighbours. */
    private static double tolerance(KernelCase c, Operands operands, double ofOthers) {
        boolean rounds = operands != Operands.FP32 && c.name().startsWith("attention");
        return rounds ? Math.max(ofOthers, 2 * TensorAttentionTest.unit(operands)) : ofOthers;
    }

    private static void compare(Operands operands, long seed, double others) {
        try (Backend gpu = gpu(operands);
                Backend emulated = new CudaBackend(new EmulatedDevice(), operands)) {
            for (KernelCase c : BackendComparisonTest.cases(seed)) {
                double tolerance = tolerance(c, operands, others);
                Map<String, double[]> found = c.run(gpu);
                c.run(emulated).forEach((quantity, values) ->
                        assertThat(BackendComparisonTest.deviation(values, found.get(quantity)))
                                .as("%s of %s, %s", quantity, c.name(), operands)
                                .isLessThan(tolerance));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Operands.class)
    void theSameBitsTwice(Operands operands) {
        try (Backend gpu = gpu(operands);
                Backend again = gpu(operands)) {
            BackendComparisonTest.requireSameBits(gpu, again, BackendComparisonTest.cases(6));
        }
    }

    @Test
    void everyGradientAgainstDifferences() {
        try (Backend gpu = gpu(Operands.FP32)) {
            for (GradientCase c : GradientCases.all(FiniteDifferenceTest.SEED)) {
                new FiniteDifferences(0.03, 1e-3).check(gpu, c, FiniteDifferenceTest.SEED);
            }
        }
    }

    @Test
    void moreMemoryThanThereIsIsRefused() {
        try (CudaDevice device = CudaDevice.open()) {
            long tooMuch = 2 * device.info().totalBytes();
            assertThatThrownBy(() -> device.allocate(tooMuch))
                    .isInstanceOf(OutOfMemory.class)
                    .hasMessageContaining("MiB");
        }
        try (Backend gpu = gpu(Operands.FP32)) {
            gpu.allocate(DType.FLOAT32, 1000).close();
        }
    }
}
