package org.windtunnel.peer;

import java.util.Arrays;
import java.util.Random;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.Model;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Role;
import org.windtunnel.tensor.Allocator;

/** What every contestant computes: a model, its data and its optimizer. */
interface Workload {

    /**
     * Reads what {@link #toString} writes: {@code D,L,H,T,B} is a GPT, {@code resnet20x16,B} a ResNet.
     *
     * @throws IllegalArgumentException if it is neither
     */
    static Workload parse(String text) {
        return text.trim().startsWith("resnet") ? ResNetWorkload.parse(text.trim()) : TransformerWorkload.parse(text);
    }

    /** Rows of the logits, whose losses are averaged. */
    int rows();

    /** The data of a step, the same in every process. */
    Batch batch(long step);

    OptimizerSpec optimizer();

    ForwardMultipliers multipliers();

    /** Standard deviation of a matrix or filter at the start. */
    double initStd(ParamSpec spec);

    /** The model here, without weights. */
    Model model(Backend backend, Allocator memory);

    /** The model in DJL's PyTorch. */
    Contestant torch();

    /** Initial weight of a parameter, the same in every process: gains 1, biases 0, all else normal. */
    default float[] initial(ParamSpec spec) {
        float[] values = new float[Math.toIntExact(spec.size())];
        if (spec.role() == Role.NORM_GAIN) {
            Arrays.fill(values, 1f);
        }
        if (spec.shape().length == 1) {
            return values;
        }
        Random random = new Random(spec.name().hashCode());
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (initStd(spec) * random.nextGaussian());
        }
        return values;
    }
}
