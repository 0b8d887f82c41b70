package org.windtunnel.optim;

import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.OptimizerKernels.Segments;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/**
 * Adam's bias-corrected direction m̂ / (sqrt(v̂) + eps) of a group, one tensor after the other, for rules that do more with
 * it than subtract it. State: both moments, 2 elements a parameter.
 */
final class AdamDirection {
    private final OptimizerSpec.AdamW spec;
    private final Backend backend;
    private final ParameterGroup group;
    private final Tensor firstMoment;
    private final Tensor secondMoment;
    private final Tensor[] first;
    private final Tensor[] second;
    private final Tensor[] gradients;
    private final Tensor[] directions;
    private final Segments[] segments;

    /** @param spec betas, and where epsilon goes */
    AdamDirection(OptimizerSpec.AdamW spec, Backend backend, ParameterGroup group, Allocator memory) {
        this.spec = spec;
        this.backend = backend;
        this.group = group;
        this.firstMoment = memory.take(group.size());
        this.secondMoment = memory.take(group.size());
        int n = group.count();
        int largest = 0;
        for (int k = 0; k < n; k++) {
            largest = Math.max(largest, Math.toIntExact(group.spec(k).size()));
        }
        Tensor workspace = memory.take(largest);
        this.first = new Tensor[n];
        this.second = new Tensor[n];
        this.gradients = new Tensor[n];
        this.directions = new Tensor[n];
        this.segments = new Segments[n];
        for (int k = 0; k < n; k++) {
            first[k] = group.state(firstMoment, k);
            second[k] = group.state(secondMoment, k);
            gradients[k] = group.gradient(k);
            directions[k] = workspace.slice(0, group.spec(k).shape());
            // An AdamW update of zeros at rate -1 leaves the direction itself.
            segments[k] = new Segments(new long[1], new long[1], new long[] {group.spec(k).size()}, new double[] {-1},
                    new double[1], new double[] {group.eps(k)});
        }
    }

    /** Takes in member {@code k}'s gradient; the direction is valid until the next call. */
    Tensor of(int k, long step, double gradScale) {
        backend.fill(directions[k], 0);
        backend.adamw(segments[k], directions[k], gradients[k], first[k], second[k], spec.beta1(), spec.beta2(), step,
                spec.epsPlacement() == OptimizerSpec.EpsPlacement.BEFORE, gradScale);
        return directions[k];
    }

    Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>(group.named("exp_avg", firstMoment));
        state.putAll(group.named("exp_avg_sq", secondMoment));
        return state;
    }
}
