package org.windtunnel.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.backend.cpu.PlainJavaCpu;
import org.windtunnel.backend.cuda.CudaBackend;
import org.windtunnel.backend.cuda.EmulatedDevice;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.backend.nd4j.Nd4jBackend;
import org.windtunnel.tensor.DType;

/** Every kernel of the contract on random shapes and options: single precision against {@code nd4j} in double. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BackendComparisonTest {
    /** Seeds of small, mostly odd shapes; the last draws large ones. */
    private static final long[] SEEDS = {1, 2, 3, 4, 5, 6};

    private static final long FIRST_LARGE_SEED = 6;
    /** Largest deviation, relative to the largest magnitude of the quantity. */
    private static final double TOLERANCE = 2e-5;

    private final Backend oracle = new Nd4jBackend(DType.FLOAT64);
    private final Backend single = new Nd4jBackend(DType.FLOAT32);
    private final Backend cpu = new CpuBackend(2);
    private final Backend cpuAlone = new CpuBackend(1);
    private final Backend plainCpu = PlainJavaCpu.open(2);

    static LongStream seeds() {
        return LongStream.of(SEEDS);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void nd4jInSinglePrecision(long seed) {
        compare(single, cases(seed));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void cpu(long seed) {
        compare(cpu, cases(seed));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void cpuWithoutVectorApi(long seed) {
        compare(plainCpu, cases(seed));
    }

    /** The kernels of the GPU run on the processor, where there is a g++. */
    @ParameterizedTest
    @ValueSource(longs = {1, 3, FIRST_LARGE_SEED})
    void cudaOnAnEmulatedDevice(long seed) {
        try (Backend cuda = new CudaBackend(new EmulatedDevice(), Operands.FP32)) {
            compare(cuda, cases(seed));
        }
    }

    /** A missing barrier shows when the last thread of a block comes first. */
    @Test
    void cudaGivesTheSameBitsInAnyOrderOfThreads() {
        try (Backend cuda = new CudaBackend(new EmulatedDevice(), Operands.FP32);
                Backend reversed = new CudaBackend(EmulatedDevice.lastThreadFirst(), Operands.FP32)) {
            requireSameBits(cuda, reversed, cases(2));
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void cpuGivesTheSameBitsWithOneAndTwoThreads(long seed) {
        requireSameBits(cpu, cpuAlone, cases(seed));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void nd4jGivesTheSameBitsTwice(long seed) {
        requireSameBits(single, single, cases(seed));
    }

    static void requireSameBits(Backend first, Backend second, List<KernelCase> cases) {
        cases.forEach(c -> {
            Map<String, double[]> expected = c.run(first);
            c.run(second).forEach((quantity, values) -> assertThat(values)
                    .as("%s of %s, backend %s run twice", quantity, c.name(), first.name())
                    .isEqualTo(expected.get(quantity)));
        });
    }

    private void compare(Backend candidate, List<KernelCase> cases) {
        cases.forEach(c -> {
            Map<String, double[]> expected = c.run(oracle);
            Map<String, double[]> found = c.run(candidate);
            expected.forEach((quantity, values) -> assertThat(deviation(values, found.get(quantity)))
                    .as("%s of %s, backend %s", quantity, c.name(), candidate.name())
                    .isLessThan(TOLERANCE));
        });
    }

    static List<KernelCase> cases(long seed) {
        boolean large = seed >= FIRST_LARGE_SEED;
        List<KernelCase> cases = new ArrayList<>();
        LinearCases.addTo(cases, seed, large);
        ProjectedCases.addTo(cases, seed, large);
        LayerCases.addTo(cases, seed, large);
        TokenCases.addTo(cases, seed, large);
        ImageCases.addTo(cases, seed, large);
        return cases;
    }

    /** Largest |expected - found| over the largest |expected|; infinite where one is not a number and should be. */
    static double deviation(double[] expected, double[] found) {
        double largest = 1e-30;
        double difference = 0;
        for (int i = 0; i < expected.length; i++) {
            if (!Double.isFinite(expected[i]) || !Double.isFinite(found[i])) {
                return Double.POSITIVE_INFINITY;
            }
            largest = Math.max(largest, Math.abs(expected[i]));
            difference = Math.max(difference, Math.abs(expected[i] - found[i]));
        }
        return difference / largest;
    }

    @AfterAll
    void close() {
        oracle.close();
        single.close();
        cpu.close();
        cpuAlone.close();
        plainCpu.close();
    }
}
