package org.windtunnel.backend.nd4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.backend.OutOfMemory;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Storage;
import org.windtunnel.tensor.Tensor;

/** What the reference backend promises beside its numbers: memory, bits, errors. */
class Nd4jBackendTest {
    private static final Path STATUS = Path.of("/proc/self/status");

    private final Nd4jBackend backend = new Nd4jBackend(DType.FLOAT64);
    private final Arena arena = Arena.of(backend::allocate, DType.FLOAT64);

    @Test
    void describesItself() {
        assertThat(backend.describe()).containsKeys("nd4j", "blas", "precision", "threads").doesNotContainValue("null");
        assertThat(backend.name()).isEqualTo("nd4j");
    }

    @Test
    void refusesIntegers() {
        assertThatThrownBy(() -> new Nd4jBackend(DType.INT32).close()).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void storageConvertsBetweenTypesAndStartsAtZero() {
        try (Storage single = backend.allocate(DType.FLOAT32, 10);
                Storage exact = backend.allocate(DType.FLOAT64, 10);
                Storage ints = backend.allocate(DType.INT32, 4)) {
            double third = 1.0 / 3;
            single.write(2, new double[] {9, third, 5}, 1, 2);
            exact.write(2, new float[] {9, 0.1f, 5}, 1, 2);
            ints.write(1, new int[] {0, -7, Integer.MAX_VALUE}, 1, 2);
            double[] wide = new double[5];
            single.read(1, wide, 1, 4);
            assertThat(wide).containsExactly(0, 0, (float) third, 5, 0);
            float[] narrow = new float[3];
            exact.read(2, narrow, 0, 3);
            assertThat(narrow).containsExactly(0.1f, 5, 0);
            int[] back = new int[4];
            ints.read(0, back, 0, 4);
            assertThat(back).containsExactly(0, -7, Integer.MAX_VALUE, 0);
        }
    }

    @Test
    void closedStorageIsRefused() {
        Storage storage = backend.allocate(DType.FLOAT64, 4);
        storage.close();
        storage.close();
        assertThatThrownBy(() -> storage.read(0, new double[4], 0, 4)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void viewsThatLeaveTheirStorageAreRefused() {
        Tensor small = arena.take(3, 3);
        assertThatThrownBy(() -> backend.gemm(false, false, 3, 3, 4, 1, small, 4, small, 3, 0, arena.take(3, 3), 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("leaves a storage of 9");
        assertThatThrownBy(() -> backend.copy(small, arena.take(8))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void memoryThatIsNotThereIsReported() {
        assertThatThrownBy(() -> backend.allocate(DType.FLOAT64, 1L << 50).close())
                .isInstanceOf(OutOfMemory.class)
                .hasMessageContaining("MiB");
    }

    /** Every kernel call here makes some 10 MB of temporaries, together several times the bound. */
    @Test
    void temporariesAreFreed() throws IOException {
        Assumptions.assumeTrue(Files.isReadable(STATUS), "no /proc/self/status to read the resident size from");
        Tensor x = arena.take(512, 512);
        Tensor y = arena.take(512, 512);
        Tensor gain = arena.take(512);
        Tensor stats = arena.take(512, 2);
        long before = 0;
        for (int i = 0; i < 300; i++) {
            if (i == 20) {
                before = residentOutsideHeap();
            }
            backend.layerNormForward(x, gain, null, 1e-5, y, stats);
            backend.activationForward(Activation.GELU_TANH, x, null, y);
        }
        assertThat(residentOutsideHeap() - before).isLessThan(256L << 20);
    }

    /** Resident bytes less the committed heap. */
    private static long residentOutsideHeap() throws IOException {
        for (String line : Files.readAllLines(STATUS)) {
            if (line.startsWith("VmRSS:")) {
                long kilobytes = Long.parseLong(line.replaceAll("\\D", ""));
                return (kilobytes << 10) - Runtime.getRuntime().totalMemory();
            }
        }
        throw new IOException("no VmRSS in " + STATUS);
    }

    @Test
    void nonFiniteLogitsSurfaceAsANonFiniteLoss() {
        for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
            Tensor logits = arena.take(2, 3);
            logits.set(1.0, bad, 2.0, 0.5, 0.1, 0.2);
            Tensor targets = arena.take(DType.INT32, 2);
            targets.set(0, 1);
            double[] sums = new double[3];
            backend.crossEntropy(logits, targets, 0, 1, logits, sums);
            assertThat(Double.isFinite(sums[0])).isFalse();
        }
    }

    @Test
    void ignoredRowsHaveNoGradientWhateverTheirLogits() {
        Tensor logits = arena.take(2, 2);
        logits.set(Double.NaN, 1, 0, 0);
        Tensor targets = arena.take(DType.INT32, 2);
        targets.set(-1, 1);
        double[] sums = new double[3];
        backend.crossEntropy(logits, targets, 0, 1, logits, sums);
        assertThat(sums[0]).isEqualTo(Math.log(2));
        assertThat(sums[2]).isEqualTo(1);
        assertThat(logits.toDoubles()).containsExactly(0, 0, 0.5, -0.5);
    }

    @Test
    void nanPassesThroughEveryActivation() {
        for (Activation kind : Activation.values()) {
            Tensor x = arena.take(3);
            x.set(Double.NaN, 1, -1);
            backend.activationForward(kind, x, null, x);
            assertThat(x.toDoubles()[0]).isNaN();
        }
    }

    @Test
    void tokensOutsideTheVocabularyAreRefused() {
        Tensor ids = arena.take(DType.INT32, 2);
        ids.set(0, 5);
        assertThatThrownBy(() -> backend.embeddingForward(ids, 2, arena.take(5, 3), null, 1, arena.take(2, 3)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[0, 5), found 5 at 1");
    }

    @AfterEach
    void close() {
        arena.close();
        backend.close();
    }
}
