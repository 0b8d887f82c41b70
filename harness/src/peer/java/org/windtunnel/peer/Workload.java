package org.windtunnel.peer;

import java.util.Arrays;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Role;
import org.windtunnel.nn.TransformerShape;

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
record Workload(int width, int depth, int heads, int context, int batch) {
    static final int VOCABULARY = 256;
    static final double NORM_EPS = 1e-5;
    static final double LEARNING_RATE = 1e-3;
    static final double BETA1 = 0.9;
    static final double BETA2 = 0.999;
    /** Added to sqrt(v) before the bias correction: where DJL's AdamW has it. */
    static final double EPS = 1e-8;
    static final double WEIGHT_DECAY = 0.1;

    private static final int FFN_MULTIPLE = 4;
    private static final double INIT_STD = 0.02;
    private static final int FIELDS = 5;

    /** Reads {@code D,L,H,T,B}. @throws IllegalArgumentException if it is something else */
    static Workload parse(String text) {
        String[] words = text.split(",");
        if (words.length != FIELDS) {
            throw new IllegalArgumentException("expected a model as D,L,H,T,B, found '" + text + "'");
        }
        int[] n = Arrays.stream(words).mapToInt(word -> Integer.parseInt(word.trim())).toArray();
        if (Arrays.stream(n).anyMatch(value -> value < 1) || n[0] % n[2] != 0) {
            throw new IllegalArgumentException("expected positive D,L,H,T,B with H a divisor of D, found '" + text + "'");
        }
        return new Workload(n[0], n[1], n[2], n[3], n[4]);
    }

    /** Tokens of a step. */
    int rows() {
        return batch * context;
    }

    int headDim() {
        return width / heads;
    }

    TransformerShape shape() {
        return new TransformerShape(TransformerShape.Flavour.GPT, width, depth, heads, heads, headDim(), context,
                VOCABULARY, FFN_MULTIPLE * width, Activation.GELU_ERF, false, false, false, 0, NORM_EPS);
    }

    /** Initial weight of a parameter, the same in every process: gains 1, all else normal. */
    static float[] initial(ParamSpec spec) {
        float[] values = new float[Math.toIntExact(spec.size())];
        if (spec.role() == Role.NORM_GAIN) {
            Arrays.fill(values, 1f);
            return values;
        }
        Random random = new Random(spec.name().hashCode());
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (INIT_STD * random.nextGaussian());
        }
        return values;
    }

    /** The tokens of a step, [B·T + 1]: inputs are all but the last, targets all but the first. */
    int[] tokens(long step) {
        SplittableRandom random = new SplittableRandom(step);
        int[] tokens = new int[rows() + 1];
        for (int i = 1; i < tokens.length; i++) {
            int jump = (int) (8 * random.nextDouble() * random.nextDouble());
            tokens[i] = (5 * tokens[i - 1] + 7 + jump) % VOCABULARY;
        }
        return tokens;
    }

    @Override
    public String toString() {
        return IntStream.of(width, depth, heads, context, batch).mapToObj(Integer::toString)
                .collect(Collectors.joining(","));
    }
}
