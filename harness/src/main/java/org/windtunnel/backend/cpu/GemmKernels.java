package org.windtunnel.backend.cpu;

import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/**
 * Matrix products, cut into single-threaded BLAS calls.
 *
 * <p>Each call packs its operands anew, so few long pieces beat many short ones: of a 2048-row product, 4 strips keep
 * about 95 % of one call's speed and 16 strips 85 %. Products with a transposed left operand, the gradients of
 * weights, suffer more (4 strips: 60 to 85 %); they are cut along the summed dimension instead, into partial products
 * at full speed that are then added in order.
 */
final class GemmKernels implements AutoCloseable {
    private final Strips strips;
    private final Slabs slabs;
    private final Batched batched;

    GemmKernels(Engine engine) {
        strips = new Strips(engine);
        slabs = new Slabs(engine);
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
        int parts = transA ? Slabs.parts(m, n, k) : 1;
        Product product = parts > 1 ? slabs : strips;
        product.set(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
        if (parts > 1) {
            slabs.start(parts);
        } else {
            strips.start();
        }
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
        if (batch == 1) {
            gemm(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
            return;
        }
        batched.set(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
        batched.start(strideA, strideB, strideC, batch);
    }

    @Override
    public void close() {
        slabs.close();
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
    private static final class Strips extends Product {
        /** Multiply-adds worth handing to another thread. */
        private static final long CHUNK_MACS = 1L << 22;
        private static final int MAX_CHUNKS = 16;
        /** Rows or columns a chunk should have, two chunks excepted. */
        private static final int CHUNK_LENGTH = 512;
        /** Rows or columns of a strip: a multiple of every micro-kernel's height and width in use. */
        private static final int STRIP = 48;

        private boolean byRows;

        Strips(Engine engine) {
            super(engine);
        }

        void start() {
            byRows = m >= n;
            int length = byRows ? m : n;
            int wanted = Math.min(MAX_CHUNKS, Math.max(2, length / CHUNK_LENGTH));
            launchChunks((length + STRIP - 1) / STRIP, (int) Math.min(wanted, (long) m * n * k / CHUNK_MACS));
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

    /** One product with a long summed dimension; an item is a slab of it, with a partial product of its own. */
    private static final class Slabs extends Product {
        /** Least length of a slab. */
        private static final int SLAB = 512;
        /** Elements of C up to which four partial products, and two, stay in the caches. */
        private static final long FOUR_PARTS = 1L << 18;
        private static final long TWO_PARTS = 1L << 20;

        private final AddParts addParts;
        private CpuStorage partials;
        private int parts;

        Slabs(Engine engine) {
            super(engine);
            addParts = new AddParts(engine);
        }

        /** Slabs to cut a product into; 1 for a product that is better cut into strips. */
        static int parts(int m, int n, int k) {
            long size = (long) m * n;
            int most = size <= FOUR_PARTS ? 4 : size <= TWO_PARTS ? 2 : 1;
            return size * k < 2 * Strips.CHUNK_MACS ? 1 : Math.max(1, Math.min(most, k / SLAB));
        }

        void start(int count) {
            long needed = (long) (count - 1) * m * n;
            if (partials == null || partials.length() < needed) {
                close();
                partials = new CpuStorage(DType.FLOAT32, needed);
            }
            parts = count;
            launchChunks(count, count);
            addParts.run(partials, count - 1, c, m, n, ldc);
        }

        @Override
        void range(int from, int to, int chunk, int thread, Scratch s) {
            int low = (int) ((long) k * from / parts);
            int depth = (int) ((long) k * to / parts) - low;
            long aAt = Blas.address(a) + 4L * low * (transA ? lda : 1);
            long bAt = Blas.address(b) + 4L * low * (transB ? 1 : ldb);
            if (from == 0) {
                s.blas().sgemm(
                        transA, transB, m, n, depth, alpha, aAt, lda, bAt, ldb, beta, Blas.address(c), ldc);
            } else {
                long out = partials.addressOf((long) (from - 1) * m * n);
                s.blas().sgemm(transA, transB, m, n, depth, alpha, aAt, lda, bAt, ldb, 0f, out, n);
            }
        }

        void close() {
            if (partials != null) {
                partials.close();
                partials = null;
            }
        }
    }

    /** C += the partial products, in order; an item is a row. */
    private static final class AddParts extends Kernel {
        private CpuStorage partials;
        private Tensor c;
        private int parts;
        private int rows;
        private int columns;
        private int ldc;

        AddParts(Engine engine) {
            super(engine);
        }

        void run(CpuStorage partialProducts, int count, Tensor out, int m, int n, int ld) {
            partials = partialProducts;
            parts = count;
            c = out;
            rows = m;
            columns = n;
            ldc = ld;
            launch(m, (long) n * (count + 1));
        }

        @Override
        void range(int from, int to, int chunk, int thread, Scratch s) {
            int block = blockRows(columns);
            float[] sum = s.floats(0, block * columns);
            float[] part = s.floats(1, block * columns);
            for (int row = from; row < to; row += block) {
                int n = Math.min(block, to - row);
                stage(buffer(c), at(c) + row * ldc, ldc, n, columns, sum);
                for (int p = 0; p < parts; p++) {
                    partials.floats().get((p * rows + row) * columns, part, 0, n * columns);
                    lanes.axpy(1f, part, 0, sum, 0, n * columns);
                }
                unstage(buffer(c), at(c) + row * ldc, ldc, n, columns, sum);
            }
        }
    }

    /** Two or more products of one shape; an item is one of them. */
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
