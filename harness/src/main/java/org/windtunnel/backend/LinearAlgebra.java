package org.windtunnel.backend;

import org.windtunnel.tensor.Tensor;

/** Matrix products and vector updates. */
public interface LinearAlgebra {

    /**
     * C = alpha · op(A) · op(B) + beta · C, row-major; op(A) is m×k, op(B) is k×n, C is m×n. A and B may be of the
     * backend's {@link org.windtunnel.tensor.StoragePolicy#operandType}, and C where beta = 0.
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
     * The two products of the backward pass of y = scale · x · Wᵀ, for which a backend may prepare dy once:
     * dW = scale · dyᵀ · x (+ dW), then dx = scale · dy · W. dx may be x.
     *
     * @param x [rows, in], adjacent as all others but dy; x, w, dy and dx may be of the operands'
     *     type
     * @param w [out, in]
     * @param dy [rows, out] at row distance lddy
     * @param accumulate adds into dW, which is overwritten otherwise
     */
    default void linearBackward(
            int rows,
            int in,
            int out,
            double scale,
            Tensor x,
            Tensor w,
            Tensor dy,
            int lddy,
            Tensor dx,
            Tensor dw,
            boolean accumulate) {
        gemm(true, false, out, in, rows, scale, dy, lddy, x, in, accumulate ? 1 : 0, dw, in);
        gemm(false, false, rows, in, out, scale, dy, lddy, w, in, 0, dx, in);
    }

    /** x = a · x. */
    void scale(double a, Tensor x);

    /** y = a · x + y. */
    void axpy(double a, Tensor x, Tensor y);

    /** out = a · x + b · y; {@code out} may be one of them. */
    void combine(double a, Tensor x, double b, Tensor y, Tensor out);

    /**
     * Sum of squares, accumulated in double in an order that does not depend on the number of threads; x may be of the
     * operands' type.
     */
    double sumOfSquares(Tensor x);
}
