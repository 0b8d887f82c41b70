package org.windtunnel.diag;

import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.backend.AttentionKernels.AttentionShape;
import org.windtunnel.backend.Backend;
import org.windtunnel.nn.Probe;
import org.windtunnel.tensor.Tensor;

/** Takes the measures of one forward pass. */
final class ForwardProbe implements Probe {
    /** Logits looked at for their partition function, at least 64 rows of them. */
    private static final int MAX_LOGITS = 1 << 22;

    private final Backend backend;
    private final AttentionStatistics attention;
    private final Map<String, Double> rms = new LinkedHashMap<>();
    private final Map<String, AttentionStatistics.Result> attentions = new LinkedHashMap<>();
    private Tensor last;

    /** @param attention null leaves the attentions out */
    ForwardProbe(Backend backend, AttentionStatistics attention) {
        this.backend = backend;
        this.attention = attention;
    }

    @Override
    public void observe(String module, Tensor output) {
        rms.put(module, Math.sqrt(backend.sumOfSquares(output) / output.size()));
        last = output;
    }

    @Override
    public void attention(String module, AttentionShape shape, Tensor queries, Tensor keys, int ld, double scale) {
        if (attention != null) {
            attentions.put(module, attention.of(shape, queries, keys, ld, scale));
        }
    }

    /** Root mean square of every module's output, in the order of the pass. */
    Map<String, Double> rms() {
        return rms;
    }

    Map<String, AttentionStatistics.Result> attentions() {
        return attentions;
    }

    /**
     * Mean log-partition log Σ e^logit, in nats, over the first rows of the logits, which are what a forward pass puts out
     * last and keeps.
     */
    double logPartition() {
        int vocab = last.dim(last.rank() - 1);
        int rows = (int) Math.min(last.size() / vocab, Math.max(64, MAX_LOGITS / vocab));
        float[] row = new float[vocab];
        double mean = 0;
        for (int n = 0; n < rows; n++) {
            last.storage().read(last.offset() + (long) n * vocab, row, 0, vocab);
            float max = row[0];
            for (float x : row) {
                max = Math.max(max, x);
            }
            double sum = 0;
            for (float x : row) {
                sum += Math.exp(x - max);
            }
            mean += (max + Math.log(sum)) / rows;
        }
        return mean;
    }
}
