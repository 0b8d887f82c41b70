package org.windtunnel.backend;

import java.util.Arrays;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/** Short-lived tensors of one backend, each at an odd offset in a storage of its own, freed together. */
final class TestTensors implements AutoCloseable {
    private static final int OFFSET = 3;
    private static final int SLACK = 5;

    private final Backend backend;
    private final Arena arena;

    TestTensors(Backend backend) {
        this.backend = backend;
        this.arena = Arena.of(backend::allocate, backend.floatType());
    }

    Backend backend() {
        return backend;
    }

    /** An uninitialised-looking tensor: NaN everywhere, so that a kernel that should overwrite but adds is caught. */
    Tensor garbage(int... shape) {
        Tensor whole = arena.take(Math.toIntExact(Tensor.sizeOf(shape)) + OFFSET + SLACK);
        backend.fill(whole, Double.NaN);
        return whole.slice(OFFSET, shape);
    }

    Tensor of(double[] values, int... shape) {
        Tensor tensor = garbage(shape.length == 0 ? new int[] {values.length} : shape);
        tensor.set(values);
        return tensor;
    }

    /** What tensors are taken from. */
    Allocator memory() {
        return arena;
    }

    /** FLOAT64 [1]. */
    Tensor number(double value) {
        return numbers(value);
    }

    /** FLOAT64 [n]. */
    Tensor numbers(double... values) {
        Tensor numbers = arena.take(DType.FLOAT64, values.length + OFFSET).slice(OFFSET, values.length);
        numbers.set(values);
        return numbers;
    }

    Tensor ints(int... values) {
        Tensor tensor = arena.take(DType.INT32, values.length + OFFSET + SLACK).slice(OFFSET, values.length);
        tensor.set(values);
        return tensor;
    }

    /** Rows of {@code width} values spread to a row distance of ld; the gaps hold NaN. */
    Tensor rows(double[] values, int width, int ld) {
        int rows = values.length / width;
        double[] spread = new double[rows * ld];
        Arrays.fill(spread, Double.NaN);
        for (int i = 0; i < rows; i++) {
            System.arraycopy(values, i * width, spread, i * ld, width);
        }
        return of(spread, rows, ld);
    }

    /** The inverse of {@link #rows}. */
    static double[] unpad(Tensor tensor, int width, int ld) {
        double[] spread = tensor.toDoubles();
        double[] values = new double[spread.length / ld * width];
        for (int i = 0; i < spread.length / ld; i++) {
            System.arraycopy(spread, i * ld, values, i * width, width);
        }
        return values;
    }

    /** Fails if something was written between the rows made by {@link #rows} or {@link #garbage}. */
    static void requireGaps(Tensor tensor, int width, int ld) {
        double[] spread = tensor.toDoubles();
        for (int i = 0; i < spread.length; i++) {
            if (i % ld >= width && !Double.isNaN(spread[i])) {
                throw new AssertionError("element " + i + " between rows of " + width + " was overwritten");
            }
        }
    }

    /** Standard normal values that single precision holds exactly. */
    static double[] normal(Rng rng, int stream, int count) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) rng.gaussian((long) stream << 32 | i);
        }
        return values;
    }

    @Override
    public void close() {
        arena.close();
    }
}
