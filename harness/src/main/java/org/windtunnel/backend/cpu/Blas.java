package org.windtunnel.backend.cpu;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.windtunnel.tensor.Tensor;

/** One thread's way into {@code cblas_sgemm}: three pointer objects that are moved to the operands of each call. */
final class Blas {
    private static final int ROW_MAJOR = 101;
    private static final int NO_TRANS = 111;
    private static final int TRANS = 112;

    private final Cursor a = new Cursor();
    private final Cursor b = new Cursor();
    private final Cursor c = new Cursor();

    /** Address of a tensor's first element. */
    static long address(Tensor x) {
        return ((CpuStorage) x.storage()).addressOf(x.offset());
    }

    /** C = alpha · op(A) · op(B) + beta · C on raw addresses; shapes as in {@code LinearAlgebra.gemm}. */
    void sgemm(
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            float alpha,
            long aAddress,
            int lda,
            long bAddress,
            int ldb,
            float beta,
            long cAddress,
            int ldc) {
        openblas_nolapack.cblas_sgemm(
                ROW_MAJOR,
                transA ? TRANS : NO_TRANS,
                transB ? TRANS : NO_TRANS,
                m,
                n,
                k,
                alpha,
                a.to(aAddress),
                lda,
                b.to(bAddress),
                ldb,
                beta,
                c.to(cAddress),
                ldc);
    }

    /** A float pointer that can be moved without allocating. */
    private static final class Cursor extends FloatPointer {
        Cursor to(long target) {
            address = target;
            return this;
        }
    }
}
