package org.windtunnel.backend;

import org.windtunnel.tensor.Tensor;

/** Matrix products and vector updates. */
public interface LinearAlgebra {

    /**
     * C = alpha · op(A) · op(B) + beta · C, row-major; op(A) is m×k, op(B) is k×n, C is m×n.
     *
     * <p>Each tensor is the start of its matrix; beta = 0 overwrites C even where it holds NaN.
     *
     * @param lda row distance of A as stored (A is k×m when {@code transA})
     */
    void gemm(
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            double alpha,
            Tensor a,
            int lda,
            Tensor b,
            int ldb,
            double beta,
            Tensor c,
            int ldc);

    /** {@code batch} products of one shape; matrix i of each operand starts i·stride elements further on. */
    void gemmStridedBatched(
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            double alpha,
            Tensor a,
            int lda,
            long strideA,
            Tensor b,
            int ldb,
            long strideB,
            double beta,
            Tensor c,
            int ldc,
            long strideC,
            int batch);

    /**
     * y = alpha · op(A) · x for a matrix of adjacent rows, and the sum of squares of A, for which a backend need read A
     * once only.
     *
     * @param transA false: x has {@code columns} elements and y {@code rows}; true: the other way round
     */
    default double gemvSumOfSquares(boolean transA, int rows, int columns, double alpha, Tensor a, Tensor x, Tensor y) {
        if (transA) {
            gemm(true, false, 1, columns, rows, alpha, x, 1, a, columns, 0, y, columns);
        } else {
            gemm(false, true, rows, 1, columns, alpha, a, columns, x, columns, 0, y, 1);
        }
        return sumOfSquares(a.slice(0, rows, columns));
    }

    /** x = a · x. */
    void scale(double a, Tensor x);

    /** y = a · x + y. */
    void axpy(double a, Tensor x, Tensor y);

    /** out = a · x + b · y; {@code out} may be one of them. */
    void combine(double a, Tensor x, double b, Tensor y, Tensor out);

    /** Sum of squares, accumulated in double in an order that does not depend on the number of threads. */
    double sumOfSquares(Tensor x);
}
