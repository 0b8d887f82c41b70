package org.windtunnel.backend.cuda;

import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/**
 * Matrix products. With bf16 operands, those in fp32 are rounded into the workspace first; those in bf16 are taken as
 * they are, or packed as well where tensor cores could not read them. Then the result may be bf16, too.
 */
final class GemmKernels {
    private static final int BF16_BYTES = 2;
    /** Bytes that tensor cores read. */
    static final int ALIGNMENT = 16;
    /** Elements between packed rows are a multiple of this. */
    private static final int PACKED = ALIGNMENT / BF16_BYTES;
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
        if (operands != Operands.BF16) {
            device.gemm(operands, transA, transB, m, n, k, (float) alpha, Calls.floats(a), lda, strideA,
                    Calls.floats(b), ldb, strideB, (float) beta, Calls.floats(c), DType.FLOAT32, ldc, strideC,
                    batch);
            return;
        }
        if (beta != 0 && Calls.isRounded(c)) {
            throw new IllegalArgumentException("expected a product to add to in fp32, found one in bf16: " + c);
        }
        boolean packsA = !isOperand(a, lda, strideA, batch);
        boolean packsB = !isOperand(b, ldb, strideB, batch);
        long sizeA = size(rowsA, columnsA);
        long sizeB = size(rowsB, columnsB);
        long packedA = workspace.take(((packsA ? sizeA : 0) + (packsB ? sizeB : 0)) * batch * BF16_BYTES);
        long packedB = packedA + (packsA ? sizeA * batch * BF16_BYTES : 0);
        for (int i = 0; i < batch; i += MOST_Z) {
            int part = Math.min(MOST_Z, batch - i);
            if (packsA) {
                pack(a, i * strideA, rowsA, columnsA, lda, strideA, packedA + i * sizeA * BF16_BYTES, part);
            }
            if (packsB) {
                pack(b, i * strideB, rowsB, columnsB, ldb, strideB, packedB + i * sizeB * BF16_BYTES, part);
            }
        }
        device.gemm(operands, transA, transB, m, n, k, (float) alpha, packsA ? packedA : Calls.numbers(a),
                packsA ? packed(columnsA) : lda, packsA ? sizeA : strideA, packsB ? packedB : Calls.numbers(b),
                packsB ? packed(columnsB) : ldb, packsB ? sizeB : strideB, (float) beta,
                Calls.numbers(c), c.storage().dtype(), ldc, strideC, batch);
    }

    /** See {@link org.windtunnel.backend.LinearAlgebra#linearBackward}: dy is rounded once for both products. */
    void linearBackward(
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
            double beta) {
        Shapes.fits(x, rows, in, in);
        Shapes.fits(w, out, in, in);
        Shapes.fits(dy, rows, out, lddy);
        Shapes.fits(dx, rows, in, in);
        Shapes.fits(dw, out, in, in);
        boolean packsY = !isOperand(dy, lddy, 0, 1);
        boolean packsX = !isOperand(x, in, 0, 1);
        boolean packsW = !isOperand(w, in, 0, 1);
        long sizeY = packsY ? size(rows, out) : 0;
        long sizeX = Math.max(packsX ? size(rows, in) : 0, packsW ? size(out, in) : 0);
        long packedY = workspace.take((sizeY + sizeX) * BF16_BYTES);
        long other = packedY + sizeY * BF16_BYTES;
        if (packsY) {
            pack(dy, 0, rows, out, lddy, 0, packedY, 1);
        }
        long y = packsY ? packedY : Calls.numbers(dy);
        int ldy = packsY ? packed(out) : lddy;
        if (packsX) {
            pack(x, 0, rows, in, in, 0, other, 1);
        }
        device.gemm(operands, true, false, out, in, rows, (float) scale, y, ldy, 0, packsX ? other : Calls.numbers(x),
                packsX ? packed(in) : in, 0, (float) beta, Calls.floats(dw), DType.FLOAT32, in, 0, 1);
        if (packsW) {
            pack(w, 0, out, in, in, 0, other, 1);
        }
        device.gemm(operands, false, false, rows, in, out, (float) scale, y, ldy, 0,
                packsW ? other : Calls.numbers(w), packsW ? packed(in) : in, 0, 0, Calls.numbers(dx),
                dx.storage().dtype(), in, 0, 1);
    }

    /** Whether tensor cores read a matrix well as it is: bf16, in rows that begin at 16 bytes. */
    private static boolean isOperand(Tensor x, int ld, long stride, int batch) {
        return Calls.isRounded(x) && Calls.numbers(x) % ALIGNMENT == 0 && ld % PACKED == 0
                && (batch == 1 || stride % PACKED == 0);
    }

    private void pack(Tensor x, long skip, int rows, int columns, int ld, long stride, long to, int batch) {
        long from = Calls.numbers(x) + skip * x.storage().dtype().bytes();
        pack(calls, Calls.isRounded(x) ? "pack_bf16" : "round_to_bf16", from, rows, columns, ld, stride, to, batch);
    }

    private static long size(int rows, int columns) {
        return (long) rows * packed(columns);
    }

    private static int packed(int columns) {
        return Calls.blocks(columns, PACKED) * PACKED;
    }

    /** Rounds rows to bf16, each at a multiple of 8 elements from {@code to} on, which is one of 16 bytes. */
    static void round(Calls calls, long from, int rows, int columns, int ld, long to) {
        pack(calls, "round_to_bf16", from, rows, columns, ld, 0, to, 1);
    }

    /** For matrices that are {@code stride} elements apart, put one behind the other. */
    private static void pack(
            Calls calls, String kernel, long from, int rows, int columns, int ld, long stride, long to, int batch) {
        int groups = Calls.blocks(columns, PACKED);
        calls.to(kernel)
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
