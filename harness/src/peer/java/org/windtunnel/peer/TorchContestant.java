package org.windtunnel.peer;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.GradientCollector;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.TransformerFamily;

/**
 * The model in DJL's PyTorch, in the fastest form its operations allow.
 *
 * <p>Fused by PyTorch: embedding, linear, LayerNorm, erf GELU, softmax, log-softmax. DJL exposes neither
 * scaled_dot_product_attention nor cross_entropy, so attention is two batched products around a softmax, with the scale
 * on the queries and the mask added in place, and the loss is a gather from the log-softmax. Queries, keys and values are
 * split off the packed projection, whose backward is one concatenation.
 */
final class TorchContestant implements Contestant {
    private static final float MASKED = -1e9f;

    private final Workload workload;
    private final Engine engine = Engine.getEngine("PyTorch");
    private final NDManager memory = NDManager.newBaseManager("PyTorch");
    private final Map<String, NDArray> weights = new LinkedHashMap<>();
    private final NDArray mask;
    private final NDArray noBias;
    private final Optimizer optimizer = Optimizer.adamW()
            .optLearningRateTracker(Tracker.fixed((float) Workload.LEARNING_RATE))
            .optBeta1((float) Workload.BETA1)
            .optBeta2((float) Workload.BETA2)
            .optEpsilon((float) Workload.EPS)
            .optWeightDecays((float) Workload.WEIGHT_DECAY)
            .build();

    TorchContestant(Workload workload) {
        this.workload = workload;
        for (ParamSpec spec : TransformerFamily.declare(workload.shape())) {
            long[] shape = Arrays.stream(spec.shape()).asLongStream().toArray();
            NDArray weight = memory.create(Workload.initial(spec), new Shape(shape));
            weight.setRequiresGradient(true);
            weights.put(spec.name(), weight);
        }
        mask = memory.create(causalMask(workload.context()), new Shape(workload.context(), workload.context()));
        noBias = memory.zeros(new Shape(workload.width()));
    }

    private static float[] causalMask(int t) {
        float[] values = new float[t * t];
        for (int row = 0; row < t; row++) {
            Arrays.fill(values, row * t + row + 1, (row + 1) * t, MASKED);
        }
        return values;
    }

    @Override
    public String describe() {
        return String.join(", ", engine.getEngineName() + " " + engine.getVersion(),
                "threads " + System.getProperty("ai.djl.pytorch.num_threads"));
    }

    @Override
    public double step(int[] inputs, int[] targets) {
        double value;
        try (NDManager scratch = memory.newSubManager();
                GradientCollector collector = engine.newGradientCollector()) {
            NDArray loss = loss(ids(scratch, inputs, workload.batch(), workload.context()),
                    ids(scratch, targets, workload.rows(), 1));
            value = loss.getFloat();
            collector.backward(loss);
        }
        weights.forEach((name, weight) -> {
            try (NDArray gradient = weight.getGradient()) {
                optimizer.update(name, weight, gradient);
            }
        });
        return value;
    }

    private static NDArray ids(NDManager scratch, int[] tokens, long rows, long columns) {
        return scratch.create(Arrays.stream(tokens).asLongStream().toArray(), new Shape(rows, columns));
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
        NDArray logits = linear(norm(x, "transformer.ln_f"), "lm_head").reshape(workload.rows(), Workload.VOCABULARY);
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
                x, new Shape(workload.width()), weight(module), noBias, (float) Workload.NORM_EPS));
    }

    private NDArray weight(String module) {
        return weights.get(module + ".weight");
    }

    private static NDArray only(NDList list) {
        return list.singletonOrThrow();
    }

    @Override
    public void close() {
        memory.close();
    }
}
