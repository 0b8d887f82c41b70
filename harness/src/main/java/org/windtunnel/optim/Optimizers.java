package org.windtunnel.optim;

import org.windtunnel.backend.Backend;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.nn.Parameters;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.DType;

/** Builds optimizers from their configuration. */
public final class Optimizers {
    private Optimizers() {}

    /**
     * The optimizer of a run, its state taken from {@code memory}.
     *
     * @param backend runs the updates; may be null if {@code memory} only counts and no step is taken
     * @throws ConfigException if a setting is out of range
     * @throws IllegalArgumentException unless the table has exactly one row for every parameter
     */
    public static Optimizer create(
            OptimizerSpec spec, Backend backend, Parameters parameters, ScalingTable table, Allocator memory) {
        check(spec);
        if (spec instanceof OptimizerSpec.Sgd sgd) {
            return new Sgd(sgd, backend, parameters, table, memory);
        }
        return new AdamW((OptimizerSpec.AdamW) spec, backend, parameters, table, memory);
    }

    /** Bytes of state for a number of trained elements: SGD 0, with momentum 1, AdamW 2 elements each. */
    public static long stateBytes(OptimizerSpec spec, long elements, DType type) {
        int perElement = spec instanceof OptimizerSpec.Sgd sgd ? (sgd.momentum() == 0 ? 0 : 1) : 2;
        return Math.multiplyExact(elements, (long) perElement * type.bytes());
    }

    private static void check(OptimizerSpec spec) {
        require("lr", spec.lr() >= 0, ">= 0", spec.lr());
        require("weight_decay", spec.weightDecay() >= 0, ">= 0", spec.weightDecay());
        if (spec instanceof OptimizerSpec.Sgd s) {
            require("momentum", s.momentum() >= 0 && s.momentum() < 1, "in [0, 1)", s.momentum());
            require("dampening", s.dampening() >= 0 && s.dampening() <= 1, "in [0, 1]", s.dampening());
            if (s.nesterov() && (s.momentum() == 0 || s.dampening() != 0)) {
                throw new ConfigException("optimizer: expected momentum > 0 and dampening 0 with nesterov, found momentum "
                        + s.momentum() + " and dampening " + s.dampening());
            }
        } else if (spec instanceof OptimizerSpec.AdamW a) {
            require("beta1", a.beta1() >= 0 && a.beta1() < 1, "in [0, 1)", a.beta1());
            require("beta2", a.beta2() >= 0 && a.beta2() < 1, "in [0, 1)", a.beta2());
            require("eps", a.eps() >= 0, ">= 0", a.eps());
        }
    }

    private static void require(String key, boolean fine, String expected, double found) {
        if (!fine || Double.isInfinite(found)) {
            throw new ConfigException("optimizer: expected " + key + " " + expected + ", found " + found);
        }
    }
}
