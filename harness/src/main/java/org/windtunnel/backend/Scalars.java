package org.windtunnel.backend;

import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/**
 * Numbers that kernels read from memory when they run, so that recorded work can be done again with others. The host
 * fills them in and sends them ahead of the work.
 */
public final class Scalars {
    private final double[] host;
    private final Tensor tensor;

    public Scalars(int count, Allocator memory) {
        this.host = new double[count];
        this.tensor = memory.take(DType.FLOAT64, count);
    }

    /** To be sent. */
    public void set(int i, double value) {
        host[i] = value;
    }

    /** Has kernels that are called from now on read what was set. */
    public void send() {
        tensor.set(host);
    }

    /** Number {@code i} as kernels find it; waits for queued work. */
    public double get(int i) {
        return tensor.item(i);
    }

    /** FLOAT64 [count]. */
    public Tensor tensor() {
        return tensor;
    }

    /** Some of them. */
    public Tensor slice(int at, int count) {
        return tensor.slice(at, count);
    }
}
