package org.windtunnel.optim;

import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.backend.Scalars;
import org.windtunnel.backend.Slices;
import org.windtunnel.config.SphereSpec.Radius;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/**
 * Relative steps on the sphere of a matrix's Frobenius norm (Hyperball; HyperP, arXiv 2603.28743): after decay, with
 * radius r, V = w - lr · r/‖U‖ · U and w = r/‖V‖ · V. State: one radius a matrix if it is the initial one, else none.
 */
final class Sphere {
    private final OptimizerKernels kernels;
    private final ParameterGroup group;
    private final int[][] parts;
    private final Part[] all;
    private final double eps;
    private final boolean decays;
    private final Tensor radii;
    /** Of the matrices part by part: what decay leaves, then the negative rate; at last whether it is the first step. */
    private final Scalars scalars;
    private final Tensor first;

    /** @param parts members of the group that are moved together */
    Sphere(
            Radius kind,
            double eps,
            OptimizerKernels kernels,
            ParameterGroup group,
            int[][] parts,
            Allocator memory) {
        this.kernels = kernels;
        this.group = group;
        this.parts = parts;
        this.eps = eps;
        this.decays = group.decays();
        this.radii = kind == Radius.INITIAL ? memory.take(group.count()) : null;
        this.scalars = new Scalars(2 * group.count() + 1, memory);
        this.first = scalars.slice(2 * group.count(), 1);
        this.all = new Part[parts.length];
        int at = 0;
        for (int p = 0; p < parts.length; p++) {
            all[p] = new Part(parts[p], at, memory);
            at += parts[p].length;
        }
    }

    private final class Part {
        private final Slices weights;
        private final Tensor keep;
        private final Tensor minusRate;
        private final Tensor initial;
        private final Tensor radius;
        private final Tensor norm;
        private final Tensor factor;

        Part(int[] members, int at, Allocator memory) {
            int n = members.length;
            weights = group.weights(members, memory);
            keep = scalars.slice(at, n);
            minusRate = scalars.slice(group.count() + at, n);
            initial = radii == null ? null : radii.slice(at, n);
            radius = memory.take(DType.FLOAT64, n);
            norm = memory.take(DType.FLOAT64, n);
            factor = memory.take(DType.FLOAT64, n);
        }
    }

    /** @param step 1 for the first */
    void prepare(double scheduled, long step) {
        int at = 0;
        for (int[] part : parts) {
            for (int k : part) {
                double lr = group.lr(k, scheduled);
                scalars.set(at, 1 - lr * group.weightDecay(k));
                scalars.set(group.count() + at, -lr);
                at++;
            }
        }
        scalars.set(2 * group.count(), step == 1 ? 1 : 0);
        scalars.send();
    }

    /** Moves the matrices of a part. */
    void move(int p, Slices directions) {
        Part part = all[p];
        if (radii != null) {
            kernels.norms(part.weights, first, part.radius);
            kernels.remember(first, part.radius, part.initial);
        }
        if (decays) {
            kernels.scale(part.keep, part.weights);
        }
        if (radii == null) {
            kernels.norms(part.weights, null, part.radius);
        }
        kernels.norms(directions, null, part.norm);
        kernels.quotients(part.minusRate, part.radius, part.norm, 1, 0, eps, part.factor);
        kernels.axpy(part.factor, directions, part.weights);
        kernels.norms(part.weights, null, part.norm);
        kernels.quotients(null, part.radius, part.norm, 1, 0, eps, part.factor);
        kernels.scale(part.factor, part.weights);
    }

    Map<String, Tensor> state() {
        Tensor[] own = new Tensor[group.count()];
        for (int p = 0; radii != null && p < parts.length; p++) {
            for (int i = 0; i < parts[p].length; i++) {
                own[parts[p][i]] = all[p].initial.slice(i, 1);
            }
        }
        Map<String, Tensor> state = new LinkedHashMap<>();
        for (int k = 0; radii != null && k < own.length; k++) {
            state.put(group.spec(k).name() + ".radius", own[k]);
        }
        return state;
    }
}
