package org.windtunnel.diag;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.windtunnel.backend.AttentionKernels.AttentionShape;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.config.RuntimeSpec;
import org.windtunnel.config.RuntimeSpec.BackendName;
import org.windtunnel.config.RuntimeSpec.Precision;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

class AttentionStatisticsTest {
    private static final AttentionShape SHAPE = new AttentionShape(2, 5, 4, 2, 3);
    private static final int LD = 20;
    private static final int KEYS = 12;

    @Test
    void groupedHeadsOfPackedProjectionsAgainstPlainLoops() {
        double[] packed = new double[SHAPE.rows() * LD];
        Rng rng = new Rng(1, 2);
        for (int i = 0; i < packed.length; i++) {
            packed[i] = rng.gaussian(i);
        }
        AttentionStatistics.Result result = measure(packed, 1.5);
        double max = Double.NEGATIVE_INFINITY;
        double[] heads = new double[4];
        for (int h = 0; h < 4; h++) {
            for (int n = 0; n < SHAPE.rows(); n++) {
                double[] logits = new double[n % 5 + 1];
                for (int j = 0; j < logits.length; j++) {
                    for (int c = 0; c < 3; c++) {
                        int key = (n - n % 5 + j) * LD + KEYS + h / 2 * 3 + c;
                        logits[j] += 1.5 * packed[n * LD + h * 3 + c] * packed[key];
                    }
                    max = Math.max(max, logits[j]);
                }
                heads[h] += entropy(logits) / SHAPE.rows();
            }
        }
        assertThat(result.maxLogit()).isCloseTo(max, within(1e-5));
        assertThat(result.entropy()).isCloseTo((heads[0] + heads[1] + heads[2] + heads[3]) / 4, within(1e-5));
        assertThat(result.minHeadEntropy())
                .isCloseTo(Math.min(Math.min(heads[0], heads[1]), Math.min(heads[2], heads[3])), within(1e-5));
    }

    @Test
    void equalLogitsAreUniform() {
        AttentionStatistics.Result result = measure(new double[SHAPE.rows() * LD], 1);
        double uniform = (Math.log(1) + Math.log(2) + Math.log(3) + Math.log(4) + Math.log(5)) / 5;
        assertThat(result.maxLogit()).isZero();
        assertThat(result.entropy()).isCloseTo(uniform, within(1e-9));
    }

    private static double entropy(double[] logits) {
        double z = 0;
        for (double l : logits) {
            z += Math.exp(l);
        }
        double entropy = 0;
        for (double l : logits) {
            entropy -= Math.exp(l) / z * (l - Math.log(z));
        }
        return entropy;
    }

    private static AttentionStatistics.Result measure(double[] packed, double scale) {
        try (Backend backend = Backends.open(new RuntimeSpec(BackendName.CPU, 1, Precision.FP32));
                Arena memory = Arena.of(backend::allocate, backend.floatType())) {
            Tensor all = memory.take(SHAPE.rows(), LD);
            all.set(packed);
            Tensor keys = all.slice(KEYS, all.intSize() - KEYS);
            return new AttentionStatistics(backend, SHAPE.time(), memory).of(SHAPE, all, keys, LD, scale);
        }
    }
}
