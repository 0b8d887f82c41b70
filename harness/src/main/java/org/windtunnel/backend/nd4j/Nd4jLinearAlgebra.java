package org.windtunnel.backend.nd4j;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.windtunnel.backend.LinearAlgebra;
import org.windtunnel.tensor.Tensor;

/** Matrix products and vector updates. */
final class Nd4jLinearAlgebra implements LinearAlgebra {
    /** Length of the rows whose sums are taken one by one; below ND4J's threshold for threads within a row. */
    private static final int SUM_BLOCK = 512;

    @Override
    public void gemm(
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
            int ldc) {
        gemmStridedBatched(transA, transB, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0, 1);
    }

    @Override
    public void gemmStridedBatched(
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
            int batch) {
        for (long i = 0; i < batch; i++) {
            INDArray left = operand(transA, a, i * strideA, m, k, lda);
            INDArray right = operand(transB, b, i * strideB, k, n, ldb);
            Ops.gemm(alpha, left, right, beta, Ops.matrix(c, i * strideC, m, n, ldc));
        }
    }

    private static INDArray operand(boolean transposed, Tensor t, long at, int rows, int columns, int ld) {
        return transposed
                ? Ops.matrix(t, at, columns, rows, ld).transpose()
                : Ops.matrix(t, at, rows, columns, ld);
    }

    @Override
    public void scale(double a, Tensor x) {
        Ops.flat(x).muli(a);
    }

    @Override
    public void axpy(double a, Tensor x, Tensor y) {
        Ops.view(y, x.size()).addi(Ops.flat(x).mul(a));
    }

    @Override
    public void combine(double a, Tensor x, double b, Tensor y, Tensor out) {
        Ops.flat(out).assign(Ops.flat(x).mul(a).addi(Ops.flat(y).mul(b)));
    }

    @Override
    public double sumOfSquares(Tensor x) {
        long blocks = x.size() / SUM_BLOCK;
        int tail = (int) (x.size() % SUM_BLOCK);
        double sum = 0;
        if (blocks > 0) {
            INDArray rows = Ops.view(x.slice(0, Math.toIntExact(blocks), SUM_BLOCK), blocks, SUM_BLOCK);
            // castTo returns the array itself when it is of that type already: not to be changed in place.
            INDArray exact = rows.castTo(DataType.DOUBLE);
            for (double part : exact.mul(exact).sum(1).toDoubleVector()) {
                sum += part;
            }
        }
        if (tail > 0) {
            for (double value : x.slice(blocks * SUM_BLOCK, tail).toDoubles()) {
                sum += value * value;
            }
        }
        return sum;
    }
}
