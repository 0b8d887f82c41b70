package org.windtunnel.optim;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.windtunnel.backend.Grouping;
import org.windtunnel.backend.Slices;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.UpdateRule;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Parameters;
import org.windtunnel.scaling.ParamScaling;
import org.windtunnel.scaling.PeakRates;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/**
 * The parameters that one update rule owns, with each one's scalars. Their state is laid out without gaps, in the order
 * of the parameters.
 */
final class ParameterGroup {
    private final Parameters parameters;
    private final List<Integer> members;
    private final Tensor gradScale;
    private final Grouping grouping;
    private final Slices weights;
    private final Slices gradients;
    private final long[] stateOffset;
    private final double[] lrMult;
    private final double[] weightDecay;
    private final double[] eps;

    private ParameterGroup(
            Parameters parameters, List<Integer> members, Tensor gradScale, Grouping grouping, Allocator memory) {
        this.grouping = grouping;
        this.parameters = parameters;
        this.members = List.copyOf(members);
        this.gradScale = gradScale;
        int n = members.size();
        this.stateOffset = new long[n];
        this.lrMult = new double[n];
        this.weightDecay = new double[n];
        this.eps = new double[n];
        long at = 0;
        Tensor[] ofWeights = new Tensor[n];
        Tensor[] ofGradients = new Tensor[n];
        for (int k = 0; k < n; k++) {
            stateOffset[k] = at;
            at += spec(k).size();
            ofWeights[k] = parameters.weight(spec(k).name());
            ofGradients[k] = parameters.gradient(spec(k).name());
        }
        this.weights = new Slices(memory, parameters.weights(), ofWeights);
        this.gradients = new Slices(memory, parameters.gradients(), ofGradients);
    }

    /**
     * The parameters of a rule, maybe none.
     *
     * @param eps configured epsilon, multiplied per parameter
     * @param gradScale factor on the gradients, FLOAT64 [1]
     * @param grouping of the backend
     * @param memory of the tables of its tensors
     * @throws IllegalArgumentException unless the table has exactly one row for every parameter
     */
    static ParameterGroup of(
            UpdateRule rule,
            OptimizerSpec spec,
            double eps,
            Parameters parameters,
            ScalingTable table,
            Tensor gradScale,
            Grouping grouping,
            Allocator memory) {
        Map<String, Integer> rows = rows(parameters, table);
        List<Integer> members = new ArrayList<>();
        for (int i = 0; i < parameters.specs().size(); i++) {
            if (table.rules().get(rows.get(parameters.specs().get(i).name())) == rule) {
                members.add(i);
            }
        }
        ParameterGroup group = new ParameterGroup(parameters, members, gradScale, grouping, memory);
        for (int k = 0; k < members.size(); k++) {
            ParamSpec p = group.spec(k);
            ParamScaling row = table.rows().get(rows.get(p.name()));
            boolean decays = spec.decayed(rule).covers(p.shape().length);
            group.weightDecay[k] = decays ? spec.weightDecay(rule) * row.wdMult() : 0;
            group.eps[k] = eps * row.epsMult();
            // The main rate is what is scheduled; a parameter with a rate of its own keeps its ratio to it.
            double ratio = spec.lr() == 0 ? 1 : PeakRates.of(spec, rule, p.role()) / spec.lr();
            group.lrMult[k] = ratio * row.lrMult();
        }
        return group;
    }

    /** Row of each parameter by name; every parameter must be claimed exactly once. */
    private static Map<String, Integer> rows(Parameters parameters, ScalingTable table) {
        Map<String, Integer> byName = new HashMap<>();
        for (int i = 0; i < table.specs().size(); i++) {
            String name = table.specs().get(i).name();
            if (byName.put(name, i) != null) {
                throw new IllegalArgumentException("parameter " + name + " has two rows in the scaling table");
            }
        }
        for (ParamSpec spec : parameters.specs()) {
            if (!byName.containsKey(spec.name())) {
                throw new IllegalArgumentException("parameter " + spec.name() + " has no row in the scaling table");
            }
        }
        if (byName.size() > parameters.specs().size()) {
            byName.keySet().removeAll(parameters.specs().stream().map(ParamSpec::name).toList());
            throw new IllegalArgumentException("the scaling table has rows for no parameter: " + byName.keySet());
        }
        return byName;
    }

    int count() {
        return members.size();
    }

    /** Elements of all its parameters. */
    int size() {
        int last = count() - 1;
        return last < 0 ? 0 : Math.toIntExact(stateOffset[last] + spec(last).size());
    }

    ParamSpec spec(int k) {
        return parameters.specs().get(members.get(k));
    }

    /** All its weights, in the parameters' shapes. */
    Slices weights() {
        return weights;
    }

    /** All its gradients, in the parameters' shapes. */
    Slices gradients() {
        return gradients;
    }

    /** What the backend is best given at a time. */
    Grouping grouping() {
        return grouping;
    }

    /** Factor on the gradients, FLOAT64 [1]. */
    Tensor gradScale() {
        return gradScale;
    }

    /** Rate of member {@code k} at a scheduled rate. */
    double lr(int k, double lr) {
        return lr * lrMult[k];
    }

    double weightDecay(int k) {
        return weightDecay[k];
    }

    double eps(int k) {
        return eps[k];
    }

    /** View of member {@code k}'s part of a state vector that is laid out as the group, in the parameter's shape. */
    Tensor state(Tensor flat, int k) {
        return flat.slice(stateOffset[k], spec(k).shape());
    }

    /** All parts of such a state vector. */
    Slices states(Tensor flat, Allocator memory) {
        return states(flat, IntStream.range(0, count()).toArray(), memory);
    }

    /** Parts of such a state vector that belong to some of the members. */
    Slices states(Tensor flat, int[] some, Allocator memory) {
        return new Slices(memory, flat, IntStream.of(some).mapToObj(k -> state(flat, k)).toArray(Tensor[]::new));
    }

    /** Weights of some of the members. */
    Slices weights(int[] some, Allocator memory) {
        return new Slices(memory, weights.flat(), IntStream.of(some).mapToObj(weights::get).toArray(Tensor[]::new));
    }

    /** Gradients of some of the members. */
    Slices gradients(int[] some, Allocator memory) {
        return new Slices(memory, gradients.flat(), IntStream.of(some).mapToObj(gradients::get).toArray(Tensor[]::new));
    }

    /** Whether one of them decays. */
    boolean decays() {
        return DoubleStream.of(weightDecay).anyMatch(decay -> decay != 0);
    }

    /** Views {@code <parameter>.<kind>} into such a state vector. */
    Map<String, Tensor> named(String kind, Tensor flat) {
        Map<String, Tensor> out = new LinkedHashMap<>();
        for (int k = 0; k < count(); k++) {
            out.put(spec(k).name() + "." + kind, state(flat, k));
        }
        return out;
    }
}
