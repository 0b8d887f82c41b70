package org.windtunnel.backend.cuda.driver;

import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.tensor.DType;

/**
 * Row-major products on cuBLAS, which is column-major: Cᵀ = op(B)ᵀ · op(A)ᵀ, each matrix as it lies in memory.
 *
 * <p>The workspace is this object's own, so that cuBLAS picks the same way of summing in every run.
 */
final class Blas implements AutoCloseable {
    /** What NVIDIA recommends for Hopper; older cards take less. */
    static final long WORKSPACE = 32L << 20;

    private final cublasContext context = new cublasContext();
    private final FloatPointer alpha = new FloatPointer(1);
    private final FloatPointer beta = new FloatPointer(1);
    private final Address a = new Address();
    private final Address b = new Address();
    private final Address c = new Address();
    private final String version;

    /** A device address as cuBLAS wants it. */
    private static final class Address extends Pointer {
        Address() {
            super((Pointer) null);
        }

        Address at(long value) {
            address = value;
            return this;
        }
    }

    /** @param workspace device memory of {@link #WORKSPACE} bytes */
    Blas(CUstream_st stream, long workspace) {
        Status.blas(cublas.cublasCreate_v2(context), "starting cuBLAS");
        Status.blas(cublas.cublasSetStream_v2(context, stream), "setting cuBLAS's stream");
        Status.blas(cublas.cublasSetWorkspace_v2(context, a.at(workspace), WORKSPACE), "setting cuBLAS's workspace");
        // Partial sums stay fp32 where the result is bf16.
        Status.blas(cublas.cublasSetMathMode(context, cublas.CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION),
                "setting the type of cuBLAS's partial sums");
        int[] number = new int[1];
        Status.blas(cublas.cublasGetVersion_v2(context, number), "asking cuBLAS for its version");
        version = Integer.toString(number[0]);
    }

    String version() {
        return version;
    }

    /** See {@link org.windtunnel.backend.cuda.Device#gemm}. */
    void gemm(
            Operands operands,
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            float scale,
            long aAt,
            int lda,
            long strideA,
            long bAt,
            int ldb,
            long strideB,
            float keep,
            long cAt,
            DType typeC,
            int ldc,
            long strideC,
            int batch) {
        int type = operands == Operands.BF16 ? cudart.CUDA_R_16BF : cudart.CUDA_R_32F;
        int result = typeC == DType.BFLOAT16 ? cudart.CUDA_R_16BF : cudart.CUDA_R_32F;
        int compute = operands == Operands.TF32 ? cublas.CUBLAS_COMPUTE_32F_FAST_TF32 : cublas.CUBLAS_COMPUTE_32F;
        alpha.put(scale);
        beta.put(keep);
        a.at(aAt);
        b.at(bAt);
        c.at(cAt);
        int status = batch == 1
                ? cublas.cublasGemmEx(context, op(transB), op(transA), n, m, k, alpha, b, type, ldb, a, type, lda, beta, c,
                        result, ldc, compute, cublas.CUBLAS_GEMM_DEFAULT)
                : cublas.cublasGemmStridedBatchedEx(context, op(transB), op(transA), n, m, k, alpha, b, type, ldb, strideB,
                        a, type, lda, strideA, beta, c, result, ldc, strideC, batch, compute,
                        cublas.CUBLAS_GEMM_DEFAULT);
        if (status != 0) {
            Status.blas(status, "a matrix product of " + m + "x" + n + "x" + k + " (" + operands + ")");
        }
    }

    private static int op(boolean transposed) {
        return transposed ? cublas.CUBLAS_OP_T : cublas.CUBLAS_OP_N;
    }

    @Override
    public void close() {
        cublas.cublasDestroy_v2(context);
        alpha.close();
        beta.close();
    }
}
