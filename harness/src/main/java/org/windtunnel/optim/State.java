package org.windtunnel.optim;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.windtunnel.nn.Parameters;
import org.windtunnel.tensor.Tensor;

/** Names for optimizer state. */
final class State {
    private State() {}

    /** Views {@code <parameter>.<kind>} into flat state vectors that are laid out as the parameters are. */
    static Map<String, Tensor> perParameter(Parameters parameters, Map<String, Tensor> flatByKind) {
        Map<String, Tensor> out = new LinkedHashMap<>();
        new TreeMap<>(flatByKind).forEach((kind, flat) -> {
            for (int i = 0; i < parameters.specs().size(); i++) {
                var spec = parameters.specs().get(i);
                out.put(spec.name() + "." + kind, flat.slice(parameters.offset(i), spec.shape()));
            }
        });
        return out;
    }
}
