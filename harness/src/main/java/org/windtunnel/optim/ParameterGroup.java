package org.windtunnel.optim;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.backend.OptimizerKernels.Segments;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Parameters;
import org.windtunnel.scaling.ParamScaling;
import org.windtunnel.scaling.ScalingTable;

/** The parameters that one update rule owns, with each one's scalars; the rates are refilled in place every step. */
final class ParameterGroup {
    private final Segments segments;
    private final double[] lrMult;

    private ParameterGroup(Segments segments, double[] lrMult) {
        this.segments = segments;
        this.lrMult = lrMult;
    }

    /**
     * All parameters of a model.
     *
     * @param weightDecay configured decay, multiplied per parameter and restricted by {@code decayed}
     * @param eps configured epsilon, multiplied per parameter
     * @throws IllegalArgumentException unless the table has exactly one row for every parameter
     */
    static ParameterGroup all(
            Parameters parameters, ScalingTable table, double weightDecay, Decayed decayed, double eps) {
        List<ParamScaling> rows = rowsOf(parameters, table);
        int n = rows.size();
        Segments segments = new Segments(new long[n], new long[n], new double[n], new double[n], new double[n]);
        double[] lrMult = new double[n];
        for (int i = 0; i < n; i++) {
            ParamSpec spec = parameters.specs().get(i);
            ParamScaling row = rows.get(i);
            segments.offset()[i] = parameters.offset(i);
            segments.length()[i] = spec.size();
            segments.weightDecay()[i] = decayed.covers(spec.shape().length) ? weightDecay * row.wdMult() : 0;
            segments.eps()[i] = eps * row.epsMult();
            lrMult[i] = row.lrMult();
        }
        return new ParameterGroup(segments, lrMult);
    }

    /** The segments at a scheduled rate; the same object every time. */
    Segments at(double lr) {
        double[] rates = segments.lr();
        for (int i = 0; i < rates.length; i++) {
            rates[i] = lr * lrMult[i];
        }
        return segments;
    }

    /** Rows in the order of the parameters; every parameter must be claimed exactly once. */
    private static List<ParamScaling> rowsOf(Parameters parameters, ScalingTable table) {
        Map<String, ParamScaling> byName = new HashMap<>();
        for (int i = 0; i < table.specs().size(); i++) {
            String name = table.specs().get(i).name();
            if (byName.put(name, table.rows().get(i)) != null) {
                throw new IllegalArgumentException("parameter " + name + " has two rows in the scaling table");
            }
        }
        List<ParamScaling> rows = new ArrayList<>();
        for (ParamSpec spec : parameters.specs()) {
            ParamScaling row = byName.remove(spec.name());
            if (row == null) {
                throw new IllegalArgumentException("parameter " + spec.name() + " has no row in the scaling table");
            }
            rows.add(row);
        }
        if (!byName.isEmpty()) {
            throw new IllegalArgumentException("the scaling table has rows for no parameter: " + byName.keySet());
        }
        return rows;
    }
}
