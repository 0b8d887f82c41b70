package org.windtunnel.backend.cpu;

import org.windtunnel.tensor.Tensor;

/** Matrix products: one dimension of C is cut into chunks, each a single-threaded BLAS call. */
final class GemmKernels {
    private final Single single;
    private final Batched batched;

    GemmKernels(Engine engine) {
        single = new Single(engine);
        batched = new Batched(engine);
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
            Tensor b,
            int ldb,
            double beta,
            Tensor c,
            int ldc) {
        if (m == 0 || n == 0) {
            return;
        }
        single.set(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
        single.start();
    }

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
            int batch) {
        if (m == 0 || n == 0 || batch == 0) {
            return;
        }
        batched.set(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
        batched.start(strideA, strideB, strideC, batch);
    }

    /** The operands of one product. */
    private abstract static class Product extends Kernel {
        boolean transA;
        boolean transB;
        int m;
        int n;
        int k;
        float alpha;
        float beta;
        int lda;
        int ldb;
        int ldc;
        Tensor a;
        Tensor b;
        Tensor c;

        Product(Engine engine) {
            super(engine);
        }

        final void set(
                boolean ta,
                boolean tb,
                int rows,
                int columns,
                int depth,
                double alphaScale,
                Tensor left,
                int ldLeft,
                Tensor right,
                int ldRight,
                double betaScale,
                Tensor out,
                int ldOut) {
            transA = ta;
            transB = tb;
            m = rows;
            n = columns;
            k = depth;
            alpha = (float) alphaScale;
            beta = (float) betaScale;
            a = left;
            lda = ldLeft;
            b = right;
            ldb = ldRight;
            c = out;
            ldc = ldOut;
            Shapes.fits(a, transA ? k : m, transA ? m : k, lda);
            Shapes.fits(b, transB ? n : k, transB ? k : n, ldb);
            Shapes.fits(c, m, n, ldc);
        }
    }

    /** One product; an item is a strip of rows, or of columns where C is wider than high. */
    private static final class Single extends Product {
        /** Multiply-adds of a chunk below which packing the shared operand again costs more than it gains. */
        private static final long CHUNK_MACS = 1L << 22;
        private static final int MAX_PARTS = 16;
        /** Rows or columns of a strip: a multiple of every micro-kernel's height and width in use. */
        private static final int STRIP = 48;

        private boolean byRows;

        Single(Engine engine) {
            super(engine);
        }

        void start() {
            byRows = m >= n;
            int strips = ((byRows ? m : n) + STRIP - 1) / STRIP;
            launchChunks(strips, (int) Math.min(MAX_PARTS, (long) m * n * k / CHUNK_MACS));
        }

        @Override
        void range(int from, int to, int chunk, int thread, Scratch s) {
            int low = from * STRIP;
            int count = Math.min(to * STRIP, byRows ? m : n) - low;
            long aAt = Blas.address(a);
            long bAt = Blas.address(b);
            long cAt = Blas.address(c);
            if (byRows) {
                long skip = transA ? low : (long) low * lda;
                s.blas().sgemm(
                        transA, transB, count, n, k, alpha, aAt + 4 * skip, lda, bAt, ldb, beta,
                        cAt + 4L * low * ldc, ldc);
            } else {
                long skip = transB ? (long) low * ldb : low;
                s.blas().sgemm(
                        transA, transB, m, count, k, alpha, aAt, lda, bAt + 4 * skip, ldb, beta, cAt + 4L * low, ldc);
            }
        }
    }

    /** Many products of one shape; an item is one of them. */
    private static final class Batched extends Product {
        private long strideA;
        private long strideB;
        private long strideC;

        Batched(Engine engine) {
            super(engine);
        }

        void start(long sa, long sb, long sc, int batch) {
            strideA = sa;
            strideB = sb;
            strideC = sc;
            Shapes.fits(a, (batch - 1) * sa, transA ? k : m, transA ? m : k, lda);
            Shapes.fits(b, (batch - 1) * sb, transB ? n : k, transB ? k : n, ldb);
            Shapes.fits(c, (batch - 1) * sc, m, n, ldc);
            launchChunks(batch, MAX_CHUNKS);
        }

        @Override
        void range(int from, int to, int chunk, int thread, Scratch s) {
            for (int i = from; i < to; i++) {
                s.blas().sgemm(
                        transA,
                        transB,
                        m,
                        n,
                        k,
                        alpha,
                        Blas.address(a) + 4 * i * strideA,
                        lda,
                        Blas.address(b) + 4 * i * strideB,
                        ldb,
                        beta,
                        Blas.address(c) + 4 * i * strideC,
                        ldc);
            }
        }
    }
}
