package org.windtunnel.peer;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.OptimizerSpec.EpsPlacement;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.Model;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Transformer;
import org.windtunnel.nn.TransformerShape;
import org.windtunnel.tensor.Allocator;

/**
 * What every contestant computes: a pre-norm GPT without biases, erf GELU, untied readout, trained with AdamW on all
 * parameters.
 *
 * @param width elements D of the residual stream
 * @param depth blocks L
 * @param heads attention heads H
 * @param context tokens T of a sequence
 * @param batch sequences B of a step
 */
record TransformerWorkload(int width, int depth, int heads, int context, int batch) implements Workload {
    static final int VOCABULARY = 256;
    static final double NORM_EPS = 1e-5;
    /** Epsilon is added to sqrt(v) before the bias correction: where DJL's AdamW has it. */
    static final OptimizerSpec.AdamW ADAMW =
            new OptimizerSpec.AdamW(1e-3, 0.9, 0.999, 1e-8, EpsPlacement.BEFORE, 0.1, Decayed.ALL);

    private static final int FFN_MULTIPLE = 4;
    private static final double INIT_STD = 0.02;
    private static final int FIELDS = 5;

    /** Reads {@code D,L,H,T,B}. @throws IllegalArgumentException if it is something else */
    static TransformerWorkload parse(String text) {
        String[] words = text.split(",");
        if (words.length != FIELDS) {
            throw new IllegalArgumentException("expected a model as D,L,H,T,B, found '" + text + "'");
        }
        int[] n = Arrays.stream(words).mapToInt(word -> Integer.parseInt(word.trim())).toArray();
        if (Arrays.stream(n).anyMatch(value -> value < 1) || n[0] % n[2] != 0) {
            throw new IllegalArgumentException(
                    "expected positive D,L,H,T,B with H a divisor of D, found '" + text + "'");
        }
        return new TransformerWorkload(n[0], n[1], n[2], n[3], n[4]);
    }

    /** Tokens of a step. */
    @Override
    public int rows() {
        return batch * context;
    }

    int headDim() {
        return width / heads;
    }

    TransformerShape shape() {
        return new TransformerShape(TransformerShape.Flavour.GPT, width, depth, heads, heads, headDim(), context,
                VOCABULARY, FFN_MULTIPLE * width, Activation.GELU_ERF, false, false, false, 0, NORM_EPS);
    }

    @Override
    public OptimizerSpec optimizer() {
        return ADAMW;
    }

    @Override
    public double initStd(ParamSpec spec) {
        return INIT_STD;
    }

    @Override
    public ForwardMultipliers multipliers() {
        return ForwardMultipliers.standard(headDim());
    }

    @Override
    public Model model(Backend backend, Allocator memory) {
        return new Transformer(backend, shape(), multipliers(), batch, memory);
    }

    @Override
    public Contestant torch() {
        return new TorchTransformer(this);
    }

    /** Of B·T + 1 tokens the inputs are all but the last, the targets all but the first. */
    @Override
    public Batch batch(long step) {
        SplittableRandom random = new SplittableRandom(step);
        int[] tokens = new int[rows() + 1];
        for (int i = 1; i < tokens.length; i++) {
            int jump = (int) (8 * random.nextDouble() * random.nextDouble());
            tokens[i] = (5 * tokens[i - 1] + 7 + jump) % VOCABULARY;
        }
        return new Batch(Arrays.copyOf(tokens, rows()), null, Arrays.copyOfRange(tokens, 1, tokens.length));
    }

    @Override
    public String toString() {
        return IntStream.of(width, depth, heads, context, batch).mapToObj(Integer::toString)
                .collect(Collectors.joining(","));
    }
}
