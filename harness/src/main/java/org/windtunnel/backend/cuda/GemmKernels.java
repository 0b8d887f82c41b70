package org.windtunnel.backend.cuda;

import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/** Matrix products; with bf16 operands, rounded copies of them are packed into the workspace first. */
final class GemmKernels {
    private static final int BF16_BYTES = 2;
    /** Elements between packed rows are a multiple of this: 16 bytes, as tensor cores read. */
    private static final int PACKED = 8;

    private final Device device;
    private final Calls calls;
    private final Workspace workspace;
    private final Operands operands;

    GemmKernels(Device device, Calls calls, Workspace workspace, Operands operands) {
        this.device = device;
        this.calls = calls;
        this.workspace = workspace;
        this.operands = operands;
    }

    void gemm(
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
        int rowsA = transA ? k : m;
        int columnsA = transA ? m : k;
        int rowsB = transB ? n : k;
        int columnsB = transB ? k : n;
        for (int i = 0; i < batch; i += Math.max(1, batch - 1)) {
            Shapes.fits(a, i * strideA, rowsA, columnsA, lda);
            Shapes.fits(b, i * strideB, rowsB, columnsB, ldb);
            Shapes.fits(c, i * strideC, m, n, ldc);
        }
        long at = Calls.floats(a);
        long bt = Calls.floats(b);
        long ct = Calls.floats(c);
        if (operands != Operands.BF16) {
            device.gemm(operands, transA, transB, m, n, k, (float) alpha, at, lda, strideA, bt, ldb, strideB,
                    (float) beta, ct, ldc, strideC, batch);
            return;
        }
        long sizeA = (long) rowsA * packed(columnsA);
        long sizeB = (long) rowsB * packed(columnsB);
        long packedA = workspace.take((sizeA + sizeB) * batch * BF16_BYTES);
        long packedB = packedA + sizeA * batch * BF16_BYTES;
        for (int i = 0; i < batch; i++) {
            pack(at + i * strideA * Float.BYTES, rowsA, columnsA, lda, packedA + i * sizeA * BF16_BYTES);
            pack(bt + i * strideB * Float.BYTES, rowsB, columnsB, ldb, packedB + i * sizeB * BF16_BYTES);
        }
        device.gemm(operands, transA, transB, m, n, k, (float) alpha, packedA, packed(columnsA), sizeA, packedB,
                packed(columnsB), sizeB, (float) beta, ct, ldc, strideC, batch);
    }

    private static int packed(int columns) {
        return Calls.blocks(columns, PACKED) * PACKED;
    }

    private void pack(long from, int rows, int columns, int ld, long to) {
        long n = (long) rows * columns;
        calls.to("round_to_bf16")
                .address(from)
                .int32(columns)
                .int64(ld)
                .address(to)
                .int64(packed(columns))
                .int64(n)
                .elements(n);
    }
}
