package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.windtunnel.backend.cuda.CudaBackend;
import org.windtunnel.backend.cuda.EmulatedDevice;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/** Errors that are counted on the host, by hand, and on a card. */
class ErrorsTest {
    private static final float NAN = Float.NaN;
    private static final float LOW = Float.NEGATIVE_INFINITY;

    private static long[] counted(int rows, int classes, float[] logits, int[] targets) {
        try (CudaBackend backend = new CudaBackend(new EmulatedDevice(), Operands.FP32);
                Arena arena = Arena.of(backend::allocate, DType.FLOAT32)) {
            Tensor output = arena.take(rows, classes);
            Tensor labels = arena.take(DType.INT32, rows);
            output.set(logits);
            labels.set(targets);
            double[] sums = new double[3];
            backend.lateFigures().beginEvaluation();
            backend.lateFigures().addErrors(output, labels);
            backend.lateFigures().evaluation(sums);
            return new long[] {new Errors(rows, classes).count(output, labels), (long) sums[2]};
        }
    }

    /** Equal logits, infinities, and NaN: what is compared with it is never larger. */
    @Test
    void theFirstOfTheLargestCounts() {
        float[] logits = {1, 3, 3, 3, 1, 3, LOW, LOW, LOW, NAN, 1, 2, 0, NAN, 1, 5, 4, 3};
        assertThat(counted(6, 3, logits, new int[] {1, 0, 0, 0, 2, -1})).containsExactly(0, 0);
        assertThat(counted(6, 3, logits, new int[] {2, 2, 1, 2, 0, 1})).containsExactly(6, 6);
    }

    /** More rows than a block has warps, more classes than a warp has lanes, and few different numbers. */
    @Test
    void theCardCountsWhatTheHostCounts() {
        Rng rng = new Rng(4, 2);
        for (int[] shape : new int[][] {{70, 3}, {5, 100}, {40, 33}}) {
            float[] logits = new float[shape[0] * shape[1]];
            int[] targets = new int[shape[0]];
            for (int i = 0; i < logits.length; i++) {
                int drawn = (int) rng.below(i, 40);
                logits[i] = drawn == 0 ? NAN : Math.abs(drawn - 20) / 4;
            }
            for (int n = 0; n < targets.length; n++) {
                targets[n] = (int) rng.below(n, 4) - 1;
            }
            long[] found = counted(shape[0], shape[1], logits, targets);
            assertThat(found[1]).isEqualTo(found[0]).isPositive();
        }
    }
}
