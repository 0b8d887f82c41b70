package org.windtunnel.scaling;

import java.util.List;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.ParamSpec;

/**
 * A parameterization applied to one model: one row per parameter, and the forward constants.
 *
 * @param specs the declared parameters
 * @param rows what was decided for each, in the same order
 * @param forward the constants of the forward pass
 */
public record ScalingTable(List<ParamSpec> specs, List<ParamScaling> rows, ForwardMultipliers forward) {
    public ScalingTable {
        if (specs.size() != rows.size()) {
            throw new IllegalArgumentException(specs.size() + " parameters, " + rows.size() + " rows");
        }
        specs = List.copyOf(specs);
        rows = List.copyOf(rows);
    }
}
