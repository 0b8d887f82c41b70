package org.windtunnel.backend;

import org.windtunnel.tensor.Tensor;

/** Checks made once per call, against the memory behind a view where a matrix is given by its first element. */
public final class Shapes {
    private Shapes() {}

    /** Elements of the last axis. */
    public static int columns(Tensor x) {
        return x.dim(x.rank() - 1);
    }

    /** Elements of all axes but the last. */
    public static int rows(Tensor x) {
        int columns = columns(x);
        return columns == 0 ? 0 : Math.toIntExact(x.size() / columns);
    }

    public static void sameSize(Tensor a, Tensor b) {
        if (a.size() != b.size()) {
            throw new IllegalArgumentException("expected tensors of one size, found " + a + " and " + b);
        }
    }

    /** Refuses a gradient, if there is one, that is not written over its tensor. */
    public static void inPlace(Tensor x, Tensor gradient) {
        if (gradient != null && (gradient.storage() != x.storage() || gradient.offset() != x.offset())) {
            throw new IllegalArgumentException(
                    "expected the gradient of " + x + " in its place, found " + gradient + " in memory of its own");
        }
    }

    public static void atLeast(Tensor x, long elements) {
        if (x.size() < elements) {
            throw new IllegalArgumentException("expected at least " + elements + " elements, found " + x);
        }
    }

    /** A matrix of rows × columns at row distance ld that starts at x lies within x's storage. */
    public static void fits(Tensor x, int rows, int columns, int ld) {
        fits(x, 0, rows, columns, ld);
    }

    /** As above for the matrix that starts {@code skip} elements after x's first. */
    public static void fits(Tensor x, long skip, int rows, int columns, int ld) {
        if (rows < 0 || columns < 0 || ld < columns) {
            throw new IllegalArgumentException(
                    "expected a row distance of at least the " + columns + " columns, found " + ld + " for " + x);
        }
        if (rows == 0 || columns == 0) {
            return;
        }
        long last = x.offset() + skip + (long) (rows - 1) * ld + columns;
        if (skip < 0 || last > x.storage().length()) {
            throw new IllegalArgumentException("a " + rows + "x" + columns + " matrix at row distance " + ld
                    + " starting at " + x + " leaves its storage of " + x.storage().length() + " elements");
        }
    }
}
