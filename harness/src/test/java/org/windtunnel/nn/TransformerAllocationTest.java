package org.windtunnel.nn;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.nn.TransformerShape.Flavour;
import org.windtunnel.tensor.Arena;

/**
 * A pass of the model on the cpu backend leaves no garbage. Measured in a process of its own without the Vector API, so
 * that it does not depend on how the JIT compiler treats vectors: whether these stay off the heap is for the tests of
 * the kernels that use them.
 */
class TransformerAllocationTest {
    private static final int PASSES = 250;

    /** The lists that the measurement makes are about 500 bytes; one object a pass would be 4000 at the least. */
    private static final long LIMIT = 3_000;

    @ParameterizedTest
    @EnumSource(Flavour.class)
    void aPassAllocatesNothing(Flavour flavour) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        TransformerAllocationTest.class.getName(),
                        flavour.name()))
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(output).isZero();
    }

    /** Exits with 0 as soon as a round of passes allocates nothing on any thread, with 1 if none does. */
    public static void main(String[] args) {
        boolean gpt = Flavour.valueOf(args[0]) == Flavour.GPT;
        TransformerShape shape = new TransformerShape(
                Flavour.valueOf(args[0]), 32, 2, 4, gpt ? 4 : 2, 8, 32, 64, 128, gpt ? Activation.GELU_TANH : null, gpt,
                false, !gpt, 10_000, 1e-5);
        try (CpuBackend backend = new CpuBackend(2);
                Arena arena = Arena.of(backend::allocate, backend.floatType())) {
            Transformer model = new Transformer(backend, shape, new ForwardMultipliers(1, 1, 0.5, 1), 4, arena);
            for (int round = 0; round < 40; round++) {
                long before = allocated();
                passes(model);
                long bytes = allocated() - before;
                System.out.println(bytes + " bytes in " + PASSES + " passes");
                if (bytes < LIMIT) {
                    System.exit(0);
                }
            }
        }
        System.exit(1);
    }

    private static void passes(Transformer model) {
        double[] sums = new double[3];
        for (int i = 0; i < PASSES; i++) {
            model.forwardBackward(1, 0.1, i % 2 == 1, sums);
        }
    }

    private static long allocated() {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long sum = 0;
        for (long bytes : threads.getThreadAllocatedBytes(threads.getAllThreadIds())) {
            sum += Math.max(0, bytes);
        }
        return sum;
    }
}
