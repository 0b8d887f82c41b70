package org.windtunnel.optim;

import java.util.Map;
import java.util.stream.IntStream;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.backend.Scalars;
import org.windtunnel.backend.Slices;
import org.windtunnel.config.MuonSpec;
import org.windtunnel.config.UpdateRule;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/**
 * Muon (Jordan et al. 2024; Liu et al., arXiv 2502.16982): w = (1 - lr·wd) w - lr · scale · O, with O the orthogonalised
 * momentum. State: 1 element a parameter.
 */
final class Muon implements Updater {
    /** Norm below which a matrix that is to be normalised counts as zero. */
    private static final double ZERO = 1e-30;

    private final MuonSpec spec;
    private final OptimizerKernels kernels;
    private final ParameterGroup group;
    private final OrthogonalMomentum momentum;
    private final long steps;
    private final boolean cautious;
    private final Batch[] batches;
    /** Of the matrices batch by batch, what decay leaves; the same or 1 for cautious decay; the negative rate. */
    private final Scalars scalars;

    /** @param steps of the run, which a cool-down of the momentum ends with */
    Muon(MuonSpec spec, long steps, Backend backend, ParameterGroup group, Allocator memory) {
        Matrices.require(group, UpdateRule.MUON);
        this.spec = spec;
        this.steps = steps;
        this.kernels = Optimizers.kernels(backend);
        this.group = group;
        this.momentum = new OrthogonalMomentum(spec.momentumForm(), spec.nesterov(),
                spec.coefficients(), spec.steps(), spec.eps(), backend, group, memory, this::update);
        this.cautious = spec.cautiousDecay() && group.decays();
        this.scalars = new Scalars(3 * group.count(), memory);
        this.batches = new Batch[momentum.batches().length];
        int at = 0;
        for (int b = 0; b < batches.length; b++) {
            batches[b] = new Batch(momentum.batches()[b], at, memory);
            at += momentum.batches()[b].length;
        }
    }

    private final class Batch {
        private final int[] members;
        private final int at;
        private final Slices weights;
        private final Tensor decay;
        private final Tensor keep;
        private final Tensor minusRate;
        /** Norm of each that is normalised; null without. */
        private final Scalars target;
        private final Tensor norms;
        private final double[] scale;

        Batch(int[] members, int at, Allocator memory) {
            this.members = members;
            this.at = at;
            int n = members.length;
            int all = group.count();
            weights = group.weights(members, memory);
            decay = scalars.slice(at, n);
            keep = scalars.slice(all + at, n);
            minusRate = scalars.slice(2 * all + at, n);
            target = spec.normalize() ? new Scalars(1, memory) : null;
            norms = spec.normalize() ? memory.take(DType.FLOAT64, n) : null;
            scale = IntStream.of(members).mapToDouble(k -> spec.directionScale(group.spec(k).shape())).toArray();
        }

        void prepare(double scheduled) {
            for (int i = 0; i < members.length; i++) {
                double rate = group.lr(members[i], scheduled);
                double left = 1 - rate * group.weightDecay(members[i]);
                scalars.set(at + i, left);
                scalars.set(group.count() + at + i, cautious ? 1 : left);
                scalars.set(2 * group.count() + at + i, -rate * scale[i]);
            }
            if (target != null) {
                target.set(0, Math.sqrt(Matrices.rows(group.spec(members[0]))));
                target.send();
            }
        }

        void update(Slices directions) {
            if (target != null) {
                kernels.norms(weights, null, norms);
                kernels.quotients(null, target.tensor(), norms, 1, 0, ZERO, norms);
                kernels.scale(norms, weights);
            }
            if (cautious) {
                kernels.cautiousDecay(weights, directions, decay);
            }
            kernels.combine(keep, weights, minusRate, directions, weights);
        }
    }

    @Override
    public void prepare(double scheduled, long step) {
        for (int b = 0; b < batches.length; b++) {
            batches[b].prepare(scheduled);
        }
        scalars.send();
        momentum.prepare(spec.momentum(step, steps));
    }

    @Override
    public void update() {
        momentum.update();
    }

    private void update(int batch, Slices directions) {
        batches[batch].update(directions);
    }

    @Override
    public Map<String, Tensor> state() {
        return momentum.state();
    }
}
