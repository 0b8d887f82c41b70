package org.windtunnel.optim;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalLong;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.Grouping;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.config.MuonSpec;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.EpsPlacement;
import org.windtunnel.config.ProjectedSpec;
import org.windtunnel.config.SphereSpec;
import org.windtunnel.config.SphereSpec.Radius;
import org.windtunnel.config.UpdateRule;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Parameters;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/** Builds optimizers from their configuration. */
public final class Optimizers {
    private Optimizers() {}

    /** As below, for updates without a known end. */
    public static Optimizer create(
            OptimizerSpec spec,
            Backend backend,
            Parameters parameters,
            ScalingTable table,
            Projections projections,
            Allocator memory) {
        return create(spec, Long.MAX_VALUE, backend, parameters, table, projections, memory);
    }

    /**
     * The optimizer of a run, its state and workspace taken from {@code memory}.
     *
     * @param steps of the run, which a cool-down of Muon's momentum ends with
     * @param backend runs the updates; may be null if {@code memory} only counts and no step is taken
     * @param table with one row and one rule for every parameter
     * @param projections of APOLLO; other optimizers draw nothing
     * @throws org.windtunnel.config.ConfigException if a setting is out of range
     * @throws IllegalArgumentException unless the table has exactly one row for every parameter
     */
    public static Optimizer create(
            OptimizerSpec spec,
            long steps,
            Backend backend,
            Parameters parameters,
            ScalingTable table,
            Projections projections,
            Allocator memory) {
        Grouping grouping = backend == null ? Grouping.PROCESSOR : kernels(backend).grouping();
        return create(spec, steps, backend, grouping, parameters, table, projections, memory);
    }

    private static Optimizer create(
            OptimizerSpec spec,
            long steps,
            Backend backend,
            Grouping grouping,
            Parameters parameters,
            ScalingTable table,
            Projections projections,
            Allocator memory) {
        OptimizerChecks.check(spec, steps);
        List<Updater> updaters = new ArrayList<>();
        Tensor gradScale = memory.take(DType.FLOAT64, 1);
        if (!spec.rules().containsAll(table.rules())) {
            throw new IllegalArgumentException("expected rules of " + spec.rules() + ", found " + table.rules());
        }
        for (UpdateRule rule : EnumSet.copyOf(spec.rules())) {
            ParameterGroup group = ParameterGroup.of(rule, spec, eps(spec, rule), parameters, table, gradScale, grouping, memory);
            if (group.count() > 0) {
                updaters.add(updater(rule, spec, steps, backend, group, projections, memory));
            }
        }
        return new GroupedOptimizer(updaters, gradScale, memory.floatType());
    }

    private static Updater updater(
            UpdateRule rule,
            OptimizerSpec spec,
            long steps,
            Backend backend,
            ParameterGroup group,
            Projections projections,
            Allocator memory) {
        return switch (rule) {
            case SGD -> new Sgd(sgd(spec), kernels(backend), group, memory);
            case SGD_SAI -> new SgdSai((OptimizerSpec.SgdSai) spec, kernels(backend), group, memory);
            case APOLLO -> new Apollo((ProjectedSpec) spec, kernels(backend), group, projections, memory);
            case MUON -> new Muon((MuonSpec) spec, steps, backend, group, memory);
            case MUONH -> new MuonH((SphereSpec.MuonH) spec, backend, group, memory);
            case ADAMW -> adamw(spec, backend, group, memory);
            case ADAMH -> new AdamH(adam(spec, rule), radius(spec), backend, group, memory);
        };
    }

    private static Updater adamw(OptimizerSpec spec, Backend backend, ParameterGroup group, Allocator memory) {
        OptimizerSpec.AdamW settings = adam(spec, UpdateRule.ADAMW);
        if (spec instanceof MuonSpec m && m.cautiousDecay()) {
            return new CautiousAdamW(settings, backend, group, memory);
        }
        if (spec instanceof ProjectedSpec p) {
            return new AdamW(settings, true, p.correctBias(), kernels(backend), group, memory);
        }
        return new AdamW(settings, kernels(backend), group, memory);
    }

    /** Null where nothing is going to be run. */
    static OptimizerKernels kernels(Backend backend) {
        return backend == null ? null : backend.optimizerKernels();
    }

    /** The settings of a rule that is Adam's, or null. */
    private static OptimizerSpec.AdamW adam(OptimizerSpec spec, UpdateRule rule) {
        if (spec instanceof OptimizerSpec.AdamW own) {
            return own;
        }
        if (rule == UpdateRule.ADAMH && spec instanceof SphereSpec.AdamH h) {
            return new OptimizerSpec.AdamW(
                    h.lr(), h.beta1(), h.beta2(), h.eps(), EpsPlacement.AFTER, h.weightDecay(), h.decayed());
        }
        return (OptimizerSpec.AdamW) spec.auxiliary();
    }

    /** The settings of SGD, the main rule or the auxiliary one. */
    private static OptimizerSpec.Sgd sgd(OptimizerSpec spec) {
        return (OptimizerSpec.Sgd) (spec.rule() == UpdateRule.SGD ? spec : spec.auxiliary());
    }

    private static Radius radius(OptimizerSpec spec) {
        return ((SphereSpec) spec).radius();
    }

    private static double eps(OptimizerSpec spec, UpdateRule rule) {
        return switch (rule) {
            case ADAMW, ADAMH -> adam(spec, rule).eps();
            case APOLLO -> spec instanceof ProjectedSpec p ? p.eps() : 0;
            case SGD, SGD_SAI, MUON, MUONH -> 0;
        };
    }

    /**
     * Bytes of state, by the formulas of the updates' documentation: SGD 0 or with momentum 1 element a parameter, SGD-SaI
     * 1 and one a tensor, AdamW and AdamH 2, Muon and MuonH 1, APOLLO see {@link Apollo}; a fixed radius is one a tensor.
     */
    public static long stateBytes(OptimizerSpec spec, ScalingTable table, DType type) {
        long elements = 0;
        for (int i = 0; i < table.specs().size(); i++) {
            elements = Math.addExact(elements, stateElements(spec, table.rules().get(i), table.specs().get(i)));
        }
        return Math.multiplyExact(elements, type.bytes());
    }

    private static long stateElements(OptimizerSpec spec, UpdateRule rule, ParamSpec p) {
        return switch (rule) {
            case SGD -> sgd(spec).momentum() == 0 ? 0 : p.size();
            case SGD_SAI -> (((OptimizerSpec.SgdSai) spec).momentum() == 0 ? 0 : p.size()) + 1;
            case ADAMW -> 2 * p.size();
            case ADAMH -> 2 * p.size() + (radius(spec) == Radius.INITIAL ? 1 : 0);
            case MUON -> p.size();
            case MUONH -> p.size() + (radius(spec) == Radius.INITIAL ? 1 : 0);
            case APOLLO -> Apollo.stateElements((ProjectedSpec) spec, Matrices.rows(p), Matrices.columns(p));
        };
    }

    /**
     * Bytes that a step reads and writes at least, each operand of each pass once: weights, gradients and state for the
     * one-pass rules; for APOLLO the gradient three times (projection, norm, update; with one factor a tensor at rank 1
     * twice) and the weights once, with the projected vectors; empty for rules that are dominated by products.
     */
    public static OptionalLong bytesMoved(OptimizerSpec spec, ScalingTable table, DType type) {
        long elements = 0;
        for (int i = 0; i < table.specs().size(); i++) {
            ParamSpec p = table.specs().get(i);
            switch (table.rules().get(i)) {
                case SGD -> elements += (sgd(spec).momentum() == 0 ? 3 : 5) * p.size();
                case SGD_SAI -> elements += (((OptimizerSpec.SgdSai) spec).momentum() == 0 ? 3 : 5) * p.size();
                case ADAMW -> elements += 7 * p.size();
                case APOLLO -> elements += (Apollo.onePass((ProjectedSpec) spec, p) ? 4 : 5) * p.size()
                        + 3 * Apollo.stateElements((ProjectedSpec) spec, Matrices.rows(p), Matrices.columns(p));
                case ADAMH, MUON, MUONH -> {
                    return OptionalLong.empty();
                }
            }
        }
        return OptionalLong.of(elements * type.bytes());
    }

    /** Floating-point operations of the Newton-Schulz products of a step; 0 without such rules. */
    public static double newtonSchulzFlops(OptimizerSpec spec, ScalingTable table) {
        int steps = spec instanceof MuonSpec m ? m.steps() : spec instanceof SphereSpec.MuonH h ? h.steps() : 0;
        double flops = 0;
        for (int i = 0; i < table.specs().size(); i++) {
            UpdateRule rule = table.rules().get(i);
            if (rule == UpdateRule.MUON || rule == UpdateRule.MUONH) {
                double rows = Matrices.rows(table.specs().get(i));
                double columns = Matrices.columns(table.specs().get(i));
                double side = Math.min(rows, columns);
                flops += steps * 2 * side * side * (2 * Math.max(rows, columns) + side);
            }
        }
        return flops;
    }

    /**
     * Bytes of what an optimizer needs beside its state, counted by the code that takes them.
     *
     * @param grouping of the backend that will run it
     */
    public static long workspaceBytes(OptimizerSpec spec, ScalingTable table, DType type, Grouping grouping) {
        Arena counting = Arena.counting(type);
        Parameters parameters = new Parameters(table.specs(), counting);
        long before = counting.bytes();
        create(spec, Long.MAX_VALUE, null, grouping, parameters, table, null, counting);
        return counting.bytes() - before - stateBytes(spec, table, type);
    }
}
