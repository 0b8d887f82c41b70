package org.windtunnel.optim;

import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.Slices;
import org.windtunnel.config.MuonSpec.MomentumForm;
import org.windtunnel.config.SphereSpec;
import org.windtunnel.config.UpdateRule;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/** MuonH (HyperP, arXiv 2603.28743): Muon's direction as a step on the sphere. State: 1 element a parameter. */
final class MuonH implements Updater {
    private final OrthogonalMomentum momentum;
    private final Sphere sphere;
    private final double mu;

    MuonH(SphereSpec.MuonH spec, Backend backend, ParameterGroup group, Allocator memory) {
        Matrices.require(group, UpdateRule.MUONH);
        this.mu = spec.momentum();
        this.momentum = new OrthogonalMomentum(MomentumForm.SUM, spec.nesterov(), spec.coefficients(),
                spec.steps(), spec.eps(), backend, group, memory, this::move);
        this.sphere = new Sphere(
                spec.radius(), spec.eps(), Optimizers.kernels(backend), group, momentum.batches(), memory);
    }

    private void move(int batch, Slices directions) {
        sphere.move(batch, directions);
    }

    @Override
    public void prepare(double lr, long step) {
        sphere.prepare(lr, step);
        momentum.prepare(mu);
    }

    @Override
    public void update() {
        momentum.update();
    }

    @Override
    public Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>(momentum.state());
        state.putAll(sphere.state());
        return state;
    }
}
