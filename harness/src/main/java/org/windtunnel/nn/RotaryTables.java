package org.windtunnel.nn;

import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/**
 * cos and sin of position · theta^(-2i / headDim), [T, headDim / 2] each (RoPE, arXiv 2104.09864).
 */
record RotaryTables(Tensor cos, Tensor sin) {

    static RotaryTables take(Allocator memory, TransformerShape shape) {
        int half = shape.headDim() / 2;
        int t = shape.context();
        RotaryTables tables = new RotaryTables(memory.take(t, half), memory.take(t, half));
        if (tables.cos.storage() != null) {
            double[] cos = new double[t * half];
            double[] sin = new double[t * half];
            for (int i = 0; i < cos.length; i++) {
                double angle = (i / half) * Math.pow(shape.ropeTheta(), -2.0 * (i % half) / shape.headDim());
                cos[i] = Math.cos(angle);
                sin[i] = Math.sin(angle);
            }
            tables.cos.set(cos);
            tables.sin.set(sin);
        }
        return tables;
    }
}
