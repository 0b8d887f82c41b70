package org.windtunnel.optim;

import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.backend.Backend;
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
    private final ParameterGroup group;
    private final Sphere sphere;
    private final AdamDirection direction;
    private double lr;
    private long step;

    /** @param spec betas and epsilon */
    AdamH(OptimizerSpec.AdamW spec, Radius radius, Backend backend, ParameterGroup group, Allocator memory) {
        Matrices.require(group, UpdateRule.ADAMH);
        this.group = group;
        this.sphere = new Sphere(radius, spec.eps(), backend, group, memory);
        this.direction = new AdamDirection(spec, backend, group, memory);
    }

    @Override
    public void prepare(double scheduled, long number) {
        lr = scheduled;
        step = number;
        direction.prepare(step);
    }

    @Override
    public void update() {
        sphere.begin(step);
        for (int k = 0; k < group.count(); k++) {
            sphere.move(k, direction.of(k), lr);
        }
    }

    @Override
    public Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>(direction.state());
        state.putAll(sphere.state());
        return state;
    }
}
