package org.windtunnel.diag;

import org.windtunnel.backend.AttentionKernels.AttentionShape;
import org.windtunnel.backend.Backend;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/**
 * Largest logit and entropy of one causal attention, recomputed from its queries and keys: the attention kernels keep
 * neither.
 */
final class AttentionStatistics {
    private static final int MAX_SEQUENCES = 8;

    private final Backend backend;
    private final Tensor logits;
    private final float[] row;

    /**
     * @param maxLogit largest logit, scale included, over the sequences looked at (at most 8), heads and positions
     * @param entropy of the attention probabilities in nats, mean over queries
     * @param minHeadEntropy the same of the head where it is smallest
     */
    record Result(double maxLogit, double entropy, double minHeadEntropy) {}

    /** @param backend null if the allocator only counts @param context tokens T of a sequence */
    AttentionStatistics(Backend backend, int context, Allocator memory) {
        this.backend = backend;
        this.logits = memory.take(context, context);
        this.row = new float[context];
    }

    /** @param q rows of the first head's queries at distance ld, @param k the same of keys */
    Result of(AttentionShape s, Tensor q, Tensor k, int ld, double scale) {
        int sequences = Math.min(s.batch(), MAX_SEQUENCES);
        int t = s.time();
        double max = Double.NEGATIVE_INFINITY;
        double sum = 0;
        double min = Double.POSITIVE_INFINITY;
        for (int head = 0; head < s.heads(); head++) {
            int kvHead = head / (s.heads() / s.kvHeads());
            double entropy = 0;
            for (int b = 0; b < sequences; b++) {
                long first = (long) b * t * ld;
                backend.gemm(false, true, t, t, s.headDim(), scale, from(q, first + (long) head * s.headDim()), ld,
                        from(k, first + (long) kvHead * s.headDim()), ld, 0, logits, t);
                for (int i = 0; i < t; i++) {
                    logits.storage().read(logits.offset() + (long) i * t, row, 0, i + 1);
                    float rowMax = rowMax(i + 1);
                    max = Math.max(max, rowMax);
                    entropy += entropy(i + 1, rowMax) / ((double) sequences * t);
                }
            }
            sum += entropy;
            min = Math.min(min, entropy);
        }
        return new Result(max, sum / s.heads(), min);
    }

    private static Tensor from(Tensor x, long at) {
        return x.slice(at, Math.toIntExact(x.size() - at));
    }

    private float rowMax(int n) {
        float max = row[0];
        for (int i = 1; i < n; i++) {
            max = Math.max(max, row[i]);
        }
        return max;
    }

    /** H = log Σ e^l - Σ l e^l / Σ e^l, with l measured from the largest. */
    private double entropy(int n, float max) {
        double total = 0;
        double weighted = 0;
        for (int i = 0; i < n; i++) {
            double l = row[i] - max;
            double e = Math.exp(l);
            total += e;
            weighted += l * e;
        }
        return Math.log(total) - weighted / total;
    }
}
