package org.windtunnel.backend.cuda;

import org.windtunnel.backend.AdamScalars;
import org.windtunnel.backend.SgdScalars;
import org.windtunnel.backend.Slices;
import org.windtunnel.tensor.Tensor;

/** AdamW and SGD: one launch for all tensors. Tables of {@link Slices} are read as {@code Slice} structures. */
final class UpdateKernels {
    private final Calls calls;

    UpdateKernels(Calls calls) {
        this.calls = calls;
    }

    void adamw(
            Slices w, Slices g, Slices m, Slices v, AdamScalars scalars, boolean epsInsideCorrection, Tensor gradScale) {
        w.requireSameSizes(g);
        w.requireSameSizes(m);
        w.requireSameSizes(v);
        calls.to("adamw")
                .ints(w.table())
                .ints(g.table())
                .ints(m.table())
                .ints(v.table())
                .int32(w.count())
                .tensor(w.flat())
                .tensor(g.flat())
                .tensor(m.flat())
                .tensor(v.flat())
                .doubles(scalars.tensor())
                .flag(epsInsideCorrection)
                .doubles(gradScale)
                .grid(w.blocks(), 1, 1);
    }

    void sgd(
            Slices w,
            Slices g,
            Slices buffer,
            SgdScalars scalars,
            Tensor gains,
            boolean nesterov,
            boolean decoupled,
            Tensor gradScale) {
        w.requireSameSizes(g);
        if (buffer != null) {
            w.requireSameSizes(buffer);
        }
        calls.to("sgd")
                .ints(w.table())
                .ints(g.table())
                .ints(buffer == null ? null : buffer.table())
                .int32(w.count())
                .tensor(w.flat())
                .tensor(g.flat())
                .tensor(buffer == null ? null : buffer.flat())
                .doubles(scalars.tensor())
                .tensor(gains)
                .flag(nesterov)
                .flag(decoupled)
                .doubles(gradScale)
                .grid(w.blocks(), 1, 1);
    }
}
