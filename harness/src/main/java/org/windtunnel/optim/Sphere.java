package org.windtunnel.optim;

import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.SphereSpec.Radius;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/**
 * Relative steps on the sphere of a matrix's Frobenius norm (Hyperball; HyperP, arXiv 2603.28743): after decay, with
 * radius r, V = w - lr · r/‖U‖ · U and w = r/‖V‖ · V. State: one radius a matrix if it is the initial one, else none.
 */
final class Sphere {
    private final Backend backend;
    private final ParameterGroup group;
    private final Tensor[] weights;
    private final double eps;
    private final Tensor radii;
    private final double[] radius;

    Sphere(Radius kind, double eps, Backend backend, ParameterGroup group, Allocator memory) {
        this.backend = backend;
        this.group = group;
        this.eps = eps;
        this.weights = new Tensor[group.count()];
        for (int k = 0; k < weights.length; k++) {
            weights[k] = group.weight(k);
        }
        this.radii = kind == Radius.INITIAL ? memory.take(group.count()) : null;
        this.radius = new double[group.count()];
    }

    /** Before the first of a step's matrices. @param step 1 for the first */
    void begin(long step) {
        if (radii == null) {
            return;
        }
        if (step == 1) {
            for (int k = 0; k < radius.length; k++) {
                radius[k] = norm(weights[k]);
            }
            radii.storage().write(radii.offset(), radius, 0, radius.length);
        }
        radii.storage().read(radii.offset(), radius, 0, radius.length);
    }

    void move(int k, Tensor direction, double scheduled) {
        Tensor w = weights[k];
        double lr = group.lr(k, scheduled);
        double keep = 1 - lr * group.weightDecay(k);
        if (keep != 1) {
            backend.scale(keep, w);
        }
        double r = radii == null ? norm(w) : radius[k];
        backend.axpy(-lr * r / Math.max(norm(direction), eps), direction, w);
        backend.scale(r / Math.max(norm(w), eps), w);
    }

    private double norm(Tensor x) {
        return Math.sqrt(backend.sumOfSquares(x));
    }

    Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        for (int k = 0; radii != null && k < group.count(); k++) {
            state.put(group.spec(k).name() + ".radius", radii.slice(k, 1));
        }
        return state;
    }
}
