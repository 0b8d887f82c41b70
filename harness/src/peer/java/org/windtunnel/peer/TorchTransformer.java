package org.windtunnel.peer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.Arrays;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.nn.TransformerFamily;

/**
 * The model in DJL's PyTorch, in the fastest form its operations allow.
 *
 * <p>Fused by PyTorch: embedding, linear, LayerNorm, erf GELU, softmax, log-softmax. DJL exposes neither
 * scaled_dot_product_attention nor cross_entropy, so attention is two batched products around a softmax, with the scale
 * on the queries and the mask added in place, and the loss is a gather from the log-softmax. Queries, keys and values are
 * split off the packed projection, whose backward is one concatenation.
 */
final class TorchTransformer extends TorchContestant {
    private static final float MASKED = -1e9f;

    private final TransformerWorkload workload;
    private final NDArray mask;
    private final NDArray noBias;

    TorchTransformer(TransformerWorkload workload) {
        super(workload, TransformerFamily.declare(workload.shape()), adamw(TransformerWorkload.ADAMW));
        this.workload = workload;
        this.mask = memory().create(causalMask(workload.context()), new Shape(workload.context(), workload.context()));
        this.noBias = memory().zeros(new Shape(workload.width()));
    }

    private static Optimizer adamw(OptimizerSpec.AdamW spec) {
        return Optimizer.adamW()
                .optLearningRateTracker(Tracker.fixed((float) spec.lr()))
                .optBeta1((float) spec.beta1())
                .optBeta2((float) spec.beta2())
                .optEpsilon((float) spec.eps())
                .optWeightDecays((float) spec.weightDecay())
                .build();
    }

    private static float[] causalMask(int t) {
        float[] values = new float[t * t];
        for (int row = 0; row < t; row++) {
            Arrays.fill(values, row * t + row + 1, (row + 1) * t, MASKED);
        }
        return values;
    }

    @Override
    NDArray loss(NDManager scratch, Batch batch) {
        return loss(ids(scratch, batch.tokens(), workload.batch(), workload.context()),
                ids(scratch, batch.targets(), workload.rows(), 1));
    }

    /** Mean cross entropy. @param inputs [B, T] @param targets [B·T, 1] */
    private NDArray loss(NDArray inputs, NDArray targets) {
        NDArray embedded = only(Embedding.embedding(inputs, weight("transformer.wte"), SparseFormat.DENSE));
        embedded.attach(inputs.getManager());
        NDArray x = embedded.add(weight("transformer.wpe"));
        for (int layer = 0; layer < workload.depth(); layer++) {
            String block = "transformer.h." + layer + ".";
            x = x.add(attention(norm(x, block + "ln_1"), block));
            NDArray hidden = Activation.gelu(linear(norm(x, block + "ln_2"), block + "mlp.c_fc"));
            x = x.add(linear(hidden, block + "mlp.c_proj"));
        }
        NDArray logits = linear(norm(x, "transformer.ln_f"), "lm_head")
                .reshape(workload.rows(), TransformerWorkload.VOCABULARY);
        return logits.logSoftmax(-1).gather(targets, 1).mean().neg();
    }

    /** @param x [B, T, D] */
    private NDArray attention(NDArray x, String block) {
        NDList qkv = linear(x, block + "attn.c_attn").split(3, 2);
        NDArray queries = heads(qkv.get(0)).mul((float) (1 / Math.sqrt(workload.headDim())));
        NDArray keys = heads(qkv.get(1)).transpose(0, 1, 3, 2);
        NDArray mixed = queries.matMul(keys).addi(mask).softmax(-1).matMul(heads(qkv.get(2)));
        NDArray joined = mixed.transpose(0, 2, 1, 3).reshape(workload.batch(), workload.context(), workload.width());
        return linear(joined, block + "attn.c_proj");
    }

    /** [B, T, D] to [B, H, T, D/H]. */
    private NDArray heads(NDArray x) {
        return x.reshape(workload.batch(), workload.context(), workload.heads(), workload.headDim())
                .transpose(0, 2, 1, 3);
    }

    private NDArray linear(NDArray x, String module) {
        return only(Linear.linear(x, weight(module)));
    }

    private NDArray norm(NDArray x, String module) {
        return only(LayerNorm.layerNorm(
                x, new Shape(workload.width()), weight(module), noBias, (float) TransformerWorkload.NORM_EPS));
    }

    private NDArray weight(String module) {
        return parameter(module + ".weight");
    }
}
