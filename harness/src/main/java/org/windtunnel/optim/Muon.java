package org.windtunnel.optim;

import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.MuonSpec;
import org.windtunnel.config.UpdateRule;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/**
 * Muon (Jordan et al. 2024; Liu et al., arXiv 2502.16982): w = (1 - lr·wd) w - lr · scale · O, with O the orthogonalised
 * momentum. State: 1 element a parameter.
 */
final class Muon implements Updater {
    private final MuonSpec spec;
    private final Backend backend;
    private final ParameterGroup group;
    private final OrthogonalMomentum momentum;
    private final Tensor[] weights;
    private final double[] scale;
    private final long steps;
    private double lr;

    /** @param steps of the run, which a cool-down of the momentum ends with */
    Muon(MuonSpec spec, long steps, Backend backend, ParameterGroup group, Allocator memory) {
        Matrices.require(group, UpdateRule.MUON);
        this.spec = spec;
        this.steps = steps;
        this.backend = backend;
        this.group = group;
        this.momentum = new OrthogonalMomentum(spec.momentumForm(), spec.nesterov(),
                spec.coefficients(), spec.steps(), spec.eps(), backend, group, memory, this::update);
        this.weights = new Tensor[group.count()];
        this.scale = new double[group.count()];
        for (int k = 0; k < weights.length; k++) {
            weights[k] = group.weight(k);
            scale[k] = spec.directionScale(group.spec(k).shape());
        }
    }

    @Override
    public void prepare(double scheduled, long step) {
        lr = scheduled;
        momentum.prepare(spec.momentum(step, steps));
    }

    @Override
    public void update() {
        momentum.update();
    }

    private void update(int k, Tensor direction) {
        Tensor w = weights[k];
        if (spec.normalize()) {
            double norm = Math.sqrt(backend.sumOfSquares(w));
            backend.scale(norm == 0 ? 1 : Math.sqrt(Matrices.rows(group.spec(k))) / norm, w);
        }
        double rate = group.lr(k, lr);
        double keep = 1 - rate * group.weightDecay(k);
        if (spec.cautiousDecay() && keep != 1) {
            backend.cautiousDecay(w, direction, keep);
            keep = 1;
        }
        backend.combine(keep, w, -rate * scale[k], direction, w);
    }

    @Override
    public Map<String, Tensor> state() {
        return momentum.state();
    }
}
