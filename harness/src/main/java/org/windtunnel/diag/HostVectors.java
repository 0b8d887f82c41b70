package org.windtunnel.diag;

import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/** Reductions that no kernel offers, computed on the host in double precision, block by block. */
final class HostVectors {
    private static final int BLOCK = 8192;

    private final double[] a = new double[BLOCK];
    private final double[] b = new double[BLOCK];

    /** Σ x·y. */
    double dot(Tensor x, Tensor y) {
        double sum = 0;
        for (long at = 0; at < x.size(); at += BLOCK) {
            int n = (int) Math.min(BLOCK, x.size() - at);
            x.storage().read(x.offset() + at, a, 0, n);
            y.storage().read(y.offset() + at, b, 0, n);
            for (int i = 0; i < n; i++) {
                sum += a[i] * b[i];
            }
        }
        return sum;
    }

    /** Fills x with ±1 from random bits: a start vector that favours no direction. */
    void signs(Tensor x, Rng bits) {
        for (long at = 0; at < x.size(); at += BLOCK) {
            int n = (int) Math.min(BLOCK, x.size() - at);
            for (int i = 0; i < n; i += Long.SIZE) {
                long word = bits.bits((at + i) / Long.SIZE);
                for (int j = 0; j < Math.min(Long.SIZE, n - i); j++) {
                    a[i + j] = (word >>> j & 1) == 0 ? 1 : -1;
                }
            }
            x.storage().write(x.offset() + at, a, 0, n);
        }
    }
}
