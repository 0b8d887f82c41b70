package org.windtunnel.optim;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.backend.OptimizerKernels.Segments;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.UpdateRule;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Parameters;
import org.windtunnel.scaling.ParamScaling;
import org.windtunnel.scaling.PeakRates;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.Tensor;

/**
 * The parameters that one update rule owns, with each one's scalars. Their state is laid out without gaps, in the order
 * of the parameters; the rates are refilled in place every step.
 */
final class ParameterGroup {
    private final Parameters parameters;
    private final List<Integer> members;
    private final Segments segments;
    private final double[] lrMult;

    private ParameterGroup(Parameters parameters, List<Integer> members, Segments segments, double[] lrMult) {
        this.parameters = parameters;
        this.members = List.copyOf(members);
        this.segments = segments;
        this.lrMult = lrMult;
    }

    /**
     * The parameters of a rule, maybe none.
     *
     * @param eps configured epsilon, multiplied per parameter
     * @throws IllegalArgumentException unless the table has exactly one row for every parameter
     */
    static ParameterGroup of(
            UpdateRule rule, OptimizerSpec spec, double eps, Parameters parameters, ScalingTable table) {
        Map<String, Integer> rows = rows(parameters, table);
        List<Integer> members = new ArrayList<>();
        for (int i = 0; i < parameters.specs().size(); i++) {
            if (table.rules().get(rows.get(parameters.specs().get(i).name())) == rule) {
                members.add(i);
            }
        }
        int n = members.size();
        Segments segments =
                new Segments(new long[n], new long[n], new long[n], new double[n], new double[n], new double[n]);
        double[] lrMult = new double[n];
        long stateAt = 0;
        for (int k = 0; k < n; k++) {
            ParamSpec p = parameters.specs().get(members.get(k));
            ParamScaling row = table.rows().get(rows.get(p.name()));
            boolean decays = spec.decayed(rule).covers(p.shape().length);
            segments.offset()[k] = parameters.offset(members.get(k));
            segments.stateOffset()[k] = stateAt;
            segments.length()[k] = p.size();
            segments.weightDecay()[k] = decays ? spec.weightDecay(rule) * row.wdMult() : 0;
            segments.eps()[k] = eps * row.epsMult();
            // The main rate is what is scheduled; a parameter with a rate of its own keeps its ratio to it.
            double ratio = spec.lr() == 0 ? 1 : PeakRates.of(spec, rule, p.role()) / spec.lr();
            lrMult[k] = ratio * row.lrMult();
            stateAt += p.size();
        }
        return new ParameterGroup(parameters, members, segments, lrMult);
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
        long size = 0;
        for (long length : segments.length()) {
            size += length;
        }
        return Math.toIntExact(size);
    }

    ParamSpec spec(int k) {
        return parameters.specs().get(members.get(k));
    }

    Tensor weight(int k) {
        return parameters.weight(spec(k).name());
    }

    Tensor gradient(int k) {
        return parameters.gradient(spec(k).name());
    }

    Parameters parameters() {
        return parameters;
    }

    /** Rate of member {@code k} at a scheduled rate. */
    double lr(int k, double lr) {
        return lr * lrMult[k];
    }

    double weightDecay(int k) {
        return segments.weightDecay()[k];
    }

    double eps(int k) {
        return segments.eps()[k];
    }

    /** The segments at a scheduled rate; the same object every time. */
    Segments at(double lr) {
        double[] rates = segments.lr();
        for (int k = 0; k < rates.length; k++) {
            rates[k] = lr * lrMult[k];
        }
        return segments;
    }

    /** View of member {@code k}'s part of a state vector that is laid out as the group, in the parameter's shape. */
    Tensor state(Tensor flat, int k) {
        return flat.slice(segments.stateOffset()[k], spec(k).shape());
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
