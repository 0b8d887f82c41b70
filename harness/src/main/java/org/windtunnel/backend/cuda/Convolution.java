package org.windtunnel.backend.cuda;

import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/**
 * Convolution as matrix products. The windows of a piece of the batch are copied into the rows of a matrix [pixels of
 * the output, k·k·in] in the workspace, which bounds its memory and may stay in the cache of a large card between the copy
 * and the product; filters are taken as [out, k·k·in]. A convolution of single pixels is the product of what is there.
 *
 * <p>The gradient of the filters, a small matrix of long sums over pixels, is a batch of partial products, added in
 * order: as many as fill a card, by shapes alone. With bf16, rounding happens in the copies.
 *
 * <p>Rounded operands go to {@link TensorConvolution} where the card's tensor cores take them, but for single pixels
 * with tf32, of which cuBLAS moves no byte more.
 */
final class Convolution {
    /** System property that keeps all convolutions in matrices of windows, for comparison. */
    static final String IM2COL = "windtunnel.cuda.im2col";
    /** Bytes of the matrix of windows. */
    private static final long COLUMNS = 64L << 20;
    /** Elements between rows are a multiple of this, as tensor cores read. */
    private static final int PACKED = 8;
    /** Side of the tiles that products are taken to be cut into, and tiles that are taken to fill a card. */
    private static final int TILE = 64;
    private static final int TILES = 256;
    /** Fewest pixels of a partial product. */
    private static final int LEAST_ROWS = 512;

    private final Device device;
    private final Calls calls;
    private final Workspace workspace;
    private final Operands operands;
    private final boolean half;
    private final int operandBytes;
    private final long columnBytes;
    private final TensorConvolution tensor;

    Convolution(Device device, Calls calls, Workspace workspace, Operands operands) {
        this(device, calls, workspace, operands, COLUMNS,
                ConvolutionTiles.serve(operands, device.info()) && !Boolean.getBoolean(IM2COL)
                        ? new TensorConvolution(device, calls, workspace, operands)
                        : null);
    }

    /**
     * @param columnBytes most memory of the matrix of windows, unless one image takes more
     * @param tensor convolutions that gather their windows; null for none
     */
    Convolution(
            Device device,
            Calls calls,
            Workspace workspace,
            Operands operands,
            long columnBytes,
            TensorConvolution tensor) {
        this.device = device;
        this.calls = calls;
        this.workspace = workspace;
        this.operands = operands;
        this.half = operands == Operands.BF16;
        this.operandBytes = half ? Short.BYTES : Float.BYTES;
        this.columnBytes = columnBytes;
        this.tensor = tensor;
    }

    private boolean gathers(WindowShape s) {
        return tensor != null && (half || s.kernel() > 1 || s.stride() > 1);
    }

    /** How a convolution is cut up and where its pieces lie in the workspace. */
    private final class Plan {
        private final WindowShape s;
        /** Sum length k·k·in of an element of the output. */
        private final int length;
        /** Whether windows are single pixels, so that the image is the matrix. */
        private final boolean pixels;
        private final boolean copied;
        private final int ld;
        private final int rows;
        private final int images;
        private final long packed;
        private final long columns;
        private final long gradients;
        private final long partials;
        private final int partImages;
        private final int parts;

        Plan(WindowShape s, boolean filterGradient) {
            this.s = s;
            length = Math.multiplyExact(s.kernel() * s.kernel(), s.in());
            pixels = s.kernel() == 1 && s.stride() == 1;
            copied = !pixels || half;
            ld = pixels && !half ? length : rounded(length);
            rows = s.outHeight() * s.outWidth();
            long imageBytes = (long) rows * ld * Float.BYTES;
            images = copied ? (int) Math.max(1, Math.min(s.batch(), columnBytes / imageBytes)) : s.batch();
            Math.toIntExact((long) images * rows * ld);
            int tiles = Calls.blocks(s.out(), TILE) * Calls.blocks(length, TILE);
            int wanted = Math.max(1, Math.min(Calls.blocks(TILES, tiles), images * rows / LEAST_ROWS));
            partImages = Calls.blocks(images, wanted);
            parts = filterGradient ? images / partImages : 0;
            long columnsAt = place((long) s.out() * ld * operandBytes);
            long gradientsAt = columnsAt + (copied ? place(images * imageBytes) : 0);
            long partialsAt = gradientsAt + (half ? place((long) images * rows * rounded(s.out()) * Short.BYTES) : 0);
            packed = workspace.take(partialsAt + (long) parts * s.out() * ld * Float.BYTES);
            columns = packed + columnsAt;
            gradients = packed + gradientsAt;
            partials = packed + partialsAt;
        }

        private static int rounded(int elements) {
            return Calls.blocks(elements, PACKED) * PACKED;
        }

        private static long place(long bytes) {
            return DeviceMemory.rounded(bytes);
        }

        /** Images of the piece that starts at an image. */
        int count(int first) {
            return Math.min(images, s.batch() - first);
        }

        /** Filters as [out, k·k·in]; their own address where that is what they are. */
        long filters(Tensor filters) {
            if (pixels && !half) {
                return Calls.floats(filters);
            }
            int taps = s.kernel() * s.kernel();
            calls.to("pack_filters")
                    .tensor(filters)
                    .address(packed)
                    .int32(ld)
                    .int32(half ? Operands.BF16.ordinal() : Operands.FP32.ordinal())
                    .int32(filters.intSize())
                    .int32(s.out())
                    .int32(s.in())
                    .int32(s.in())
                    .int32(taps)
                    .int32(length)
                    .int32(taps)
                    .elements(filters.size());
            return packed;
        }

        long image(Tensor x, int first) {
            return Calls.floats(x) + (long) first * s.imageSize() * Float.BYTES;
        }

        long output(Tensor y, int first) {
            return Calls.floats(y) + (long) first * s.outSize() * Float.BYTES;
        }

        /** The matrix of windows of a piece. */
        long columns(Tensor x, int first) {
            long from = image(x, first);
            if (!copied) {
                return from;
            }
            boolean by4 = s.in() % 4 == 0 && from % 16 == 0;
            int n = count(first) * rows * length / (by4 ? 4 : 1);
            Calls call = calls.to(by4 ? "window_columns_by_4" : "window_columns").address(from);
            PoolKernels.window(call.address(columns).int32(ld).flag(half).int32(n), s).elements(n);
            return columns;
        }

        /** The gradient of a piece's output as an operand. */
        long gradient(Tensor dy, int first) {
            long from = output(dy, first);
            if (!half) {
                return from;
            }
            GemmKernels.round(calls, from, count(first) * rows, s.out(), s.out(), gradients);
            return gradients;
        }

        int gradientLd() {
            return half ? rounded(s.out()) : s.out();
        }

        /** Adds a piece to the partial gradients of the filters. */
        void filterGradient(double alpha, long dy, long x, int first) {
            int count = count(first);
            int groups = count / partImages;
            int done = groups * partImages;
            product(alpha, dy, x, partImages, first > 0, groups);
            if (done < count) {
                long skip = (long) done * rows * operandBytes;
                product(alpha, dy + skip * gradientLd(), x + skip * ld, count - done, first > 0 || groups > 0, 1);
            }
        }

        private void product(double alpha, long dy, long x, int n, boolean add, int batch) {
            if (batch > 0) {
                int k = n * rows;
                device.gemm(operands, true, false, s.out(), length, k, (float) alpha, dy, gradientLd(),
                        (long) k * gradientLd(), x, ld, (long) k * ld, add ? 1 : 0, partials, DType.FLOAT32, ld,
                        (long) s.out() * ld, batch);
            }
        }

        void unpack(Tensor dFilters, boolean accumulate) {
            TensorConvolution.sum(calls, partials, parts, s, ld, s.in(), 1, dFilters, accumulate);
        }

        void imageGradient(double alpha, long dy, long filters, Tensor dx, boolean add, int first) {
            int count = count(first);
            long to = pixels ? image(dx, first) : columns;
            device.gemm(operands, false, false, count * rows, length, s.out(), (float) alpha, dy, gradientLd(), 0,
                    filters, ld, 0, pixels && add ? 1 : 0, to, DType.FLOAT32, pixels ? length : ld, 0, 1);
            if (!pixels) {
                int n = count * s.imageSize();
                Calls call = calls.to("window_columns_backward").address(columns).int32(ld).address(image(dx, first));
                PoolKernels.window(call.flag(add).int32(n), s).elements(n);
            }
        }
    }

    private static void require(WindowShape s, Tensor x, Tensor filters, Tensor y) {
        PoolKernels.requireImages(s, x, y);
        requireFilters(s, filters);
    }

    private static void requireFilters(WindowShape s, Tensor filters) {
        if (filters.size() != (long) s.out() * s.in() * s.kernel() * s.kernel()) {
            throw new IllegalArgumentException("expected filters for " + s + ", found " + filters);
        }
    }

    void forward(WindowShape s, double alpha, Tensor x, Tensor filters, boolean addToY, Tensor y) {
        require(s, x, filters, y);
        if (gathers(s)) {
            tensor.forward(s, alpha, x, filters, addToY, y);
            return;
        }
        Plan p = new Plan(s, false);
        long packed = p.filters(filters);
        for (int first = 0; first < s.batch(); first += p.images) {
            device.gemm(operands, false, true, p.count(first) * p.rows, s.out(), p.length, (float) alpha,
                    p.columns(x, first), p.ld, 0, packed, p.ld, 0, addToY ? 1 : 0, p.output(y, first), DType.FLOAT32,
                    s.out(), 0, 1);
        }
    }

    void backward(
            WindowShape s,
            double alpha,
            Tensor x,
            Tensor filters,
            Tensor dy,
            Tensor dx,
            boolean addToDx,
            Tensor dFilters,
            boolean accumulate) {
        require(s, x, filters, dy);
        if (dFilters != null) {
            requireFilters(s, dFilters);
        }
        if (dx != null) {
            PoolKernels.requireImages(s, dx, dy);
        }
        if (gathers(s)) {
            tensor.backward(s, alpha, x, filters, dy, dx, addToDx, dFilters, accumulate);
            return;
        }
        Plan p = new Plan(s, dFilters != null);
        long packed = dx == null ? 0 : p.filters(filters);
        for (int first = 0; first < s.batch(); first += p.images) {
            long gradient = p.gradient(dy, first);
            if (dFilters != null) {
                p.filterGradient(alpha, gradient, p.columns(x, first), first);
            }
            if (dx != null) {
                p.imageGradient(alpha, gradient, packed, dx, addToDx, first);
            }
        }
        if (dFilters != null) {
            p.unpack(dFilters, accumulate);
        }
    }
}
