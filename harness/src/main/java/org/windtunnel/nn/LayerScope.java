package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/**
 * What a layer is built with.
 *
 * @param backend runs the kernels; null when only memory is counted
 * @param memory where activations come from
 * @param batch sequences per pass
 */
record LayerScope(
        Backend backend,
        Allocator memory,
        Parameters parameters,
        TransformerShape shape,
        ForwardMultipliers multipliers,
        TransformerNames names,
        int batch) {

    /** Token rows per pass, N = batch · context. */
    int rows() {
        return batch * shape.context();
    }

    /** The gain or bias of a module that may have none. */
    Tensor weightOrNull(boolean present, String name) {
        return present ? parameters.weight(name) : null;
    }

    Tensor gradientOrNull(boolean present, String name) {
        return present ? parameters.gradient(name) : null;
    }

    /** The rest of a tensor from an offset, as the start of a strided matrix. */
    static Tensor from(Tensor x, int at) {
        return x.slice(at, Math.toIntExact(x.size() - at));
    }
}
