package org.windtunnel.optim;

import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.backend.AdamScalars;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.Slices;
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
    private final Slices[] first;
    private final Slices[] second;
    private final Slices[] gradients;
    private final Slices[] directions;
    private final AdamScalars[] scalars;

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
        this.first = new Slices[n];
        this.second = new Slices[n];
        this.gradients = new Slices[n];
        this.directions = new Slices[n];
        this.scalars = new AdamScalars[n];
        for (int k = 0; k < n; k++) {
            first[k] = new Slices(memory, firstMoment, group.state(firstMoment, k));
            second[k] = new Slices(memory, secondMoment, group.state(secondMoment, k));
            gradients[k] = new Slices(memory, group.gradients().flat(), group.gradient(k));
            directions[k] = new Slices(memory, workspace, workspace.slice(0, group.spec(k).shape()));
            scalars[k] = new AdamScalars(1, memory);
        }
    }

    void prepare(long step) {
        for (int k = 0; k < scalars.length; k++) {
            // An AdamW update of zeros at rate -1 leaves the direction itself.
            scalars[k].set(0, -1, 0, group.eps(k));
            scalars[k].setMoments(spec.beta1(), spec.beta2(), step);
            scalars[k].send();
        }
    }

    /** Takes in member {@code k}'s gradient; the direction is valid until the next call. */
    Tensor of(int k) {
        Tensor direction = directions[k].get(0);
        backend.fill(direction, 0);
        backend.adamw(directions[k], gradients[k], first[k], second[k], scalars[k],
                spec.epsPlacement() == OptimizerSpec.EpsPlacement.BEFORE, group.gradScale());
        return direction;
    }

    Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>(group.named("exp_avg", firstMoment));
        state.putAll(group.named("exp_avg_sq", secondMoment));
        return state;
    }
}
