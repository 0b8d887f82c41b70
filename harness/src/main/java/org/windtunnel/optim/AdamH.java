package org.windtunnel.optim;

import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.SphereSpec.Radius;
import org.windtunnel.config.UpdateRule;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/**
 * AdamH (Hyperball; HyperP, arXiv 2603.28743): Adam's bias-corrected direction as a step on the sphere. State: both
 * moments, 2 elements a parameter.
 */
final class AdamH implements Updater {
    private final Sphere sphere;
    private final AdamDirection direction;

    /** @param spec betas and epsilon */
    AdamH(OptimizerSpec.AdamW spec, Radius radius, Backend backend, ParameterGroup group, Allocator memory) {
        Matrices.require(group, UpdateRule.ADAMH);
        this.direction = new AdamDirection(spec, backend, group, memory);
        OptimizerKernels kernels = Optimizers.kernels(backend);
        this.sphere = new Sphere(radius, spec.eps(), kernels, group, direction.runs(), memory);
    }

    @Override
    public void prepare(double lr, long step) {
        sphere.prepare(lr, step);
        direction.prepare(step);
    }

    @Override
    public void update() {
        for (int i = 0; i < direction.runs().length; i++) {
            sphere.move(i, direction.of(i));
        }
    }

    @Override
    public Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>(direction.state());
        state.putAll(sphere.state());
        return state;
    }
}
