package org.windtunnel.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.backend.cuda.CudaBackend;
import org.windtunnel.backend.cuda.EmulatedDevice;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.backend.nd4j.Nd4jBackend;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/** Convolutions of the GPU on tensor cores, which are emulated, against {@code nd4j} in double, on random odd shapes. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TensorConvolutionComparisonTest {
    /** Of sums of products that are exact in fp32, relative to the largest element. */
    static final double SUMS = 4e-6;
    /** Multiples of the rounding unit for two factors that were rounded. */
    private static final double UNITS = 3;

    private final Backend oracle = new Nd4jBackend(DType.FLOAT64);

    static Stream<Arguments> shapes() {
        List<Arguments> shapes = new ArrayList<>();
        CaseDraws r = new CaseDraws(11, "tensor convolution", false);
        for (Operands operands : List.of(Operands.BF16, Operands.TF32)) {
            for (int kernel : new int[] {1, 3, 5, 7}) {
                for (int stride = 1; stride <= 2; stride++) {
                    shapes.add(Arguments.of(
                            new WindowShape(1 + r.below(4), kernel + r.below(7), kernel + r.below(7), 1 + r.below(20),
                                    1 + r.below(40), kernel, stride, r.below(kernel)),
                            operands));
                }
            }
        }
        return shapes.stream();
    }

    /** y, dx and dFilters, written and added to what was there; of numbers that bf16 holds, if wanted. */
    static Map<String, double[]> convolution(Backend backend, WindowShape s, boolean exact) {
        Rng rng = new Rng(5, Rng.stream("convolution"));
        double[] x = numbers(rng, 0, s.batch() * s.imageSize(), exact);
        double[] filters = numbers(rng, 1, s.out() * s.in() * s.kernel() * s.kernel(), exact);
        double[] dy = numbers(rng, 2, s.batch() * s.outSize(), exact);
        Map<String, double[]> found = new LinkedHashMap<>();
        for (boolean add : new boolean[] {false, true}) {
            double alpha = add ? 0.75 : 1;
            try (TestTensors t = new TestTensors(backend)) {
                Tensor y = add ? t.of(dy) : t.garbage(dy.length);
                backend.images().convolutionForward(s, alpha, t.of(x), t.of(filters), add, y);
                Tensor dx = add ? t.of(x) : t.garbage(x.length);
                Tensor dFilters = add ? t.of(filters) : t.garbage(filters.length);
                backend.images()
                        .convolutionBackward(s, alpha, t.of(x), t.of(filters), t.of(dy), dx, add, dFilters, add);
                found.put("y " + add, y.toDoubles());
                found.put("dx " + add, dx.toDoubles());
                found.put("dFilters " + add, dFilters.toDoubles());
            }
        }
        return found;
    }

    private static double[] numbers(Rng rng, int stream, int count, boolean exact) {
        double[] values = TestTensors.normal(rng, stream, count);
        for (int i = 0; exact && i < count; i++) {
            values[i] = Float.intBitsToFloat(Float.floatToIntBits((float) values[i]) + 0x8000 & 0xffff0000);
        }
        return values;
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void sumsAndRounding(WindowShape s, Operands operands) {
        try (Backend cuda = new CudaBackend(new EmulatedDevice(), operands)) {
            Map<String, double[]> exact = convolution(cuda, s, true);
            convolution(oracle, s, true).forEach((quantity, values) ->
                    assertThat(BackendComparisonTest.deviation(values, exact.get(quantity)))
                            .as("%s of %s on numbers that bf16 holds", quantity, s)
                            .isLessThan(SUMS));
            Map<String, double[]> rounded = convolution(cuda, s, false);
            convolution(oracle, s, false).forEach((quantity, values) ->
                    assertThat(BackendComparisonTest.deviation(values, rounded.get(quantity)))
                            .as("%s of %s, %s", quantity, s, operands)
                            .isBetween(TensorAttentionTest.unit(operands) / 50,
                                    UNITS * TensorAttentionTest.unit(operands)));
        }
    }

    @AfterAll
    void close() {
        oracle.close();
    }
}
