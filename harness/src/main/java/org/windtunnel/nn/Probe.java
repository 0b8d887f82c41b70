package org.windtunnel.nn;

import org.windtunnel.tensor.Tensor;

/** Sees a module's output in every forward pass: what coordinate checks and diagnostics hook into. */
@FunctionalInterface
public interface Probe {

    /**
     * @param point module and meaning, for example {@code h.0.attn} (see {@link Transformer#setProbe})
     * @param value the live activation; copy what is to be kept
     */
    void observe(String point, Tensor value);
}
