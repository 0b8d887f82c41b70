package org.windtunnel.diag;

import org.windtunnel.backend.Backend;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/** The largest singular value of matrices, from the largest eigenvalue of W Wᵀ or WᵀW, whichever is smaller. */
final class SpectralNorm {
    private static final int MAX_PRODUCTS = 100;

    /** On the eigenvalue, so half of it on the singular value. */
    private static final double TOLERANCE = 4e-3;

    private final Backend backend;
    private final Lanczos lanczos;
    private final Tensor[] small = new Tensor[3];
    private final Tensor large;

    /**
     * @param backend null if the allocator only counts
     * @param maxSmall the longest shorter side of a matrix that will be asked for, {@code maxLarge} the longest longer one
     */
    SpectralNorm(Backend backend, HostVectors host, int maxSmall, int maxLarge, Allocator memory) {
        this.backend = backend;
        this.lanczos = new Lanczos(backend, host, MAX_PRODUCTS);
        for (int i = 0; i < small.length; i++) {
            small[i] = memory.take(maxSmall);
        }
        this.large = memory.take(maxLarge);
    }

    /** @param matrix [rows, columns], within 0.2 percent */
    double of(Tensor matrix) {
        int rows = matrix.dim(0);
        int columns = matrix.dim(1);
        int n = Math.min(rows, columns);
        boolean wide = rows <= columns;
        Tensor[] work = {small[0].slice(0, n), small[1].slice(0, n), small[2].slice(0, n)};
        Lanczos.Operator squared = (x, y) -> {
            backend.gemm(wide, false, wide ? columns : rows, 1, n, 1, matrix, columns, x, 1, 0, large, 1);
            backend.gemm(!wide, false, n, 1, wide ? columns : rows, 1, matrix, columns, large, 1, 0, y, 1);
        };
        double value = lanczos.largest(squared, work, new Rng(0, n), TOLERANCE).value();
        return Math.sqrt(Math.max(0, value));
    }
}
