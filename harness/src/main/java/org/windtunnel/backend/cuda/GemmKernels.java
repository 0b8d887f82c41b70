package org.windtunnel.backend.cuda;

import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/** Matrix products; with bf16 operands, rounded copies of them are packed into the workspace first. */
final class GemmKernels {
    private static final int BF16_BYTES = 2;
    /** Elements between packed rows are a multiple of this: 16 bytes, as tensor cores read. */
    private static final int PACKED = 8;
    /** Most blocks along a grid's z. */
    private static final int MOST_Z = 65_535;

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
        long sizeA = size(rowsA, columnsA);
        long sizeB = size(rowsB, columnsB);
        long packedA = workspace.take((sizeA + sizeB) * batch * BF16_BYTES);
        long packedB = packedA + sizeA * batch * BF16_BYTES;
        for (int i = 0; i < batch; i += MOST_Z) {
            int part = Math.min(MOST_Z, batch - i);
            round(calls, at + i * strideA * Float.BYTES, rowsA, columnsA, lda, strideA,
                    packedA + i * sizeA * BF16_BYTES, part);
            round(calls, bt + i * strideB * Float.BYTES, rowsB, columnsB, ldb, strideB,
                    packedB + i * sizeB * BF16_BYTES, part);
        }
        device.gemm(operands, transA, transB, m, n, k, (float) alpha, packedA, packed(columnsA), sizeA, packedB,
                packed(columnsB), sizeB, (float) beta, ct, ldc, strideC, batch);
    }

    /** See {@link org.windtunnel.backend.LinearAlgebra#linearBackward}: dy is rounded once for both products. */
    void linearBackward(
            int rows, int in, int out, double scale, Tensor x, Tensor w, Tensor dy, Tensor dx, Tensor dw, double beta) {
        Shapes.fits(x, rows, in, in);
        Shapes.fits(w, out, in, in);
        Shapes.fits(dy, rows, out, out);
        Shapes.fits(dx, rows, in, in);
        Shapes.fits(dw, out, in, in);
        long sizeY = size(rows, out);
        long sizeX = Math.max(size(rows, in), size(out, in));
        long y = workspace.take((sizeY + sizeX) * BF16_BYTES);
        long other = y + sizeY * BF16_BYTES;
        round(calls, Calls.floats(dy), rows, out, out, y);
        round(calls, Calls.floats(x), rows, in, in, other);
        device.gemm(operands, true, false, out, in, rows, (float) scale, y, packed(out), 0, other, packed(in), 0,
                (float) beta, Calls.floats(dw), in, 0, 1);
        round(calls, Calls.floats(w), out, in, in, other);
        device.gemm(operands, false, false, rows, in, out, (float) scale, y, packed(out), 0, other, packed(in), 0, 0,
                Calls.floats(dx), in, 0, 1);
    }

    private static long size(int rows, int columns) {
        return (long) rows * packed(columns);
    }

    private static int packed(int columns) {
        return Calls.blocks(columns, PACKED) * PACKED;
    }

    /** Rounds rows to bf16, each at a multiple of 8 elements from {@code to} on, which is one of 16 bytes. */
    static void round(Calls calls, long from, int rows, int columns, int ld, long to) {
        round(calls, from, rows, columns, ld, 0, to, 1);
    }

    /** The same for matrices that are {@code stride} elements apart, put one behind the other. */
    private static void round(Calls calls, long from, int rows, int columns, int ld, long stride, long to, int batch) {
        int groups = Calls.blocks(columns, PACKED);
        calls.to("round_to_bf16")
                .address(from)
                .int32(columns)
                .int64(ld)
                .address(to)
                .int32(groups)
                .int64(rows)
                .int64(stride)
                .grid(Calls.stridedBlocks((long) rows * groups), 1, batch);
    }
}
