package org.windtunnel.backend;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.backend.cuda.CudaBackend;
import org.windtunnel.backend.cuda.EmulatedDevice;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.backend.nd4j.Nd4jBackend;
import org.windtunnel.tensor.DType;

/** Every backward kernel against differences of its forward kernel. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FiniteDifferenceTest {
    static final long SEED = 20261123;

    private final Backend exact = new Nd4jBackend(DType.FLOAT64);
    private final Backend single = new Nd4jBackend(DType.FLOAT32);
    private final Backend cpu = new CpuBackend(2);

    static Stream<GradientCase> cases() {
        return GradientCases.all(SEED).stream();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void nd4jInDoublePrecision(GradientCase c) {
        new FiniteDifferences(1e-3, 1e-8).check(exact, c, SEED);
    }

    /**
     * In single precision the rounding of the outputs, about 1e-7 of their size, divided by the step of 0.03 allows
     * 1e-3 with a wide margin; a wrong sign or a missing term is of order 0.1 to 1.
     */
    @ParameterizedTest
    @MethodSource("cases")
    void nd4jInSinglePrecision(GradientCase c) {
        new FiniteDifferences(0.03, 1e-3).check(single, c, SEED);
    }

    /** The kernels of the GPU run on the processor; as {@link #nd4jInSinglePrecision}. */
    @ParameterizedTest
    @MethodSource("cases")
    void cudaOnAnEmulatedDevice(GradientCase c) {
        try (Backend cuda = new CudaBackend(new EmulatedDevice(), Operands.FP32)) {
            new FiniteDifferences(0.03, 1e-3).check(cuda, c, SEED);
        }
    }

    /** As {@link #nd4jInSinglePrecision}. */
    @ParameterizedTest
    @MethodSource("cases")
    void cpu(GradientCase c) {
        new FiniteDifferences(0.03, 1e-3).check(cpu, c, SEED);
    }

    /** The differences must be able to tell: one element of wrong sign is enough to be refused. */
    @ParameterizedTest
    @MethodSource("cases")
    void refusesAGradientWithAWrongSign(GradientCase c) {
        for (int i = 0; i < c.inputs().length; i++) {
            GradientCase wrong = new WrongSign(c, i);
            assertThatThrownBy(() -> new FiniteDifferences(0.03, 1e-3).check(cpu, wrong, SEED))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("gradient of " + c.inputNames()[i]);
        }
    }

    /** A case whose largest gradient element of one input has the wrong sign. */
    private record WrongSign(GradientCase right, int input) implements GradientCase {
        @Override
        public String name() {
            return right.name();
        }

        @Override
        public String[] inputNames() {
            return right.inputNames();
        }

        @Override
        public double[][] inputs() {
            return right.inputs();
        }

        @Override
        public double[] forward(TestTensors tensors, double[][] inputs) {
            return right.forward(tensors, inputs);
        }

        @Override
        public double[][] backward(TestTensors tensors, double[][] inputs, double[] dOut) {
            double[][] gradients = right.backward(tensors, inputs, dOut);
            double[] changed = gradients[input].clone();
            int largest = 0;
            for (int j = 1; j < changed.length; j++) {
                largest = Math.abs(changed[j]) > Math.abs(changed[largest]) ? j : largest;
            }
            changed[largest] = -changed[largest];
            gradients[input] = changed;
            return gradients;
        }
    }

    @AfterAll
    void close() {
        exact.close();
        single.close();
        cpu.close();
    }
}
