package org.windtunnel.backend.cuda;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.tensor.Tensor;

/**
 * Convolutions on tensor cores that gather their windows from the images as they multiply: what memory sees is images
 * in, images out and the filters. The gradient of the images gathers likewise, from the gradient of the output; that of
 * the filters is cut into parts of the pixels, by shapes alone, which are added in order.
 */
final class TensorConvolution {
    /** Blocks that are taken to fill a card, of the filters' gradient and otherwise. */
    private static final int GRADIENT_BLOCKS = 512;
    private static final int BLOCKS = 256;
    /** Fewest pixels of a part of the filters' gradient. */
    private static final int LEAST_PIXELS = 512;
    /** Most threads of a block that add up the parts of one element; a block then has {@code WARP} elements. */
    private static final int ADDERS = Calls.BLOCK / Calls.WARP;
    /** Channels are padded to a multiple of this. */
    private static final int GROUP = 4;

    private final Device device;
    private final Calls calls;
    private final Workspace workspace;
    private final Operands operands;
    private final int leastBlocks;
    private final Set<ConvolutionTiles> loaded = new HashSet<>();

    TensorConvolution(Device device, Calls calls, Workspace workspace, Operands operands) {
        this(device, calls, workspace, operands, BLOCKS);
    }

    /** @param leastBlocks of a convolution, for which it takes a smaller size; results do not depend on it */
    TensorConvolution(Device device, Calls calls, Workspace workspace, Operands operands, int leastBlocks) {
        this.leastBlocks = leastBlocks;
        this.device = device;
        this.calls = calls;
        this.workspace = workspace;
        this.operands = operands;
    }

    private ConvolutionTiles tiles(int out, long pixels) {
        ConvolutionTiles tiles = ConvolutionTiles.of(
                operands, out, Calls.blocks(pixels, ConvolutionTiles.PIXELS), leastBlocks);
        if (loaded.add(tiles)) {
            device.load(List.of(tiles.source()));
        }
        return tiles;
    }

    private static int padded(int channels) {
        return Calls.blocks(channels, GROUP) * GROUP;
    }

    private static int taps(WindowShape s) {
        return s.kernel() * s.kernel();
    }

    /**
     * A product of windows of {@code channels} channels by filters with {@code out} channels out.
     *
     * @param pixels of the result
     */
    private final class Product {
        private final ConvolutionTiles tiles;
        private final int channels;
        private final int out;
        private final int taps;

        Product(WindowShape s, int channels, int out, long pixels) {
            tiles = tiles(out, pixels);
            this.channels = channels;
            this.out = out;
            taps = taps(s);
        }

        private int rows() {
            return Calls.blocks(out, tiles.outputs()) * tiles.outputs();
        }

        private int elements() {
            return Math.multiplyExact(rows(), taps * padded(channels));
        }

        long filterBytes() {
            return DeviceMemory.rounded((long) elements() * tiles.elementBytes());
        }

        /** Filters as rows [taps, channels] of the channels out, in the workspace. */
        void pack(Tensor filters, long to, int rowStride, int channelStride) {
            calls.to("pack_filters")
                    .tensor(filters)
                    .address(to)
                    .int32(taps * padded(channels))
                    .int32(operands.ordinal())
                    .int32(elements())
                    .int32(out)
                    .int32(channels)
                    .int32(padded(channels))
                    .int32(taps)
                    .int32(rowStride)
                    .int32(channelStride)
                    .elements(elements());
        }

        /** @param blocks tiles of pixels of the result */
        void launch(
                WindowShape s, Tensor x, int height, int width, long filters, Tensor y, int outHeight, int outWidth,
                double alpha, boolean add, boolean backward, long blocks) {
            calls.to(tiles.kernel())
                    .tensor(x)
                    .address(filters)
                    .tensor(y)
                    .float32(alpha)
                    .flag(add)
                    .flag(backward)
                    .int32(s.batch())
                    .int32(height)
                    .int32(width)
                    .int32(channels)
                    .int32(outHeight)
                    .int32(outWidth)
                    .int32(out)
                    .int32(s.kernel())
                    .int32(s.stride())
                    .int32(s.padding())
                    .grid(Math.toIntExact(blocks * Calls.blocks(out, tiles.outputs())), 1, 1, tiles.threads(),
                            tiles.sharedBytes());
        }
    }

    private static long outPixels(WindowShape s) {
        return (long) s.batch() * s.outHeight() * s.outWidth();
    }

    void forward(WindowShape s, double alpha, Tensor x, Tensor filters, boolean addToY, Tensor y) {
        Product product = new Product(s, s.in(), s.out(), outPixels(s));
        long packed = workspace.take(product.filterBytes());
        product.pack(filters, packed, s.in() * taps(s), taps(s));
        product.launch(s, x, s.height(), s.width(), packed, y, s.outHeight(), s.outWidth(), alpha, addToY, false,
                Calls.blocks(outPixels(s), ConvolutionTiles.PIXELS));
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
        // Pixels of one remainder by the stride; those of others are no more.
        long pixels = (long) s.batch() * Calls.blocks(s.height(), s.stride()) * Calls.blocks(s.width(), s.stride());
        long tiles = Math.multiplyExact(Calls.blocks(pixels, ConvolutionTiles.PIXELS), s.stride() * s.stride());
        Product product = dx == null ? null : new Product(s, s.out(), s.in(), tiles * ConvolutionTiles.PIXELS);
        FilterGradient gradient = dFilters == null ? null : new FilterGradient(s);
        long filterBytes = product == null ? 0 : product.filterBytes();
        long at = workspace.take(filterBytes + (gradient == null ? 0 : gradient.bytes()));
        if (gradient != null) {
            gradient.launch(alpha, x, dy, at + filterBytes, dFilters, accumulate);
        }
        if (product != null) {
            product.pack(filters, at, taps(s), s.in() * taps(s));
            product.launch(s, dy, s.outHeight(), s.outWidth(), at, dx, s.height(), s.width(), alpha, addToDx, true,
                    tiles);
        }
    }

    private final class FilterGradient {
        private final WindowShape s;
        private final ConvolutionTiles tiles;
        private final int blocks;
        private final int partPixels;
        private final int parts;
        private final int length;

        FilterGradient(WindowShape s) {
            this.s = s;
            int pixels = Math.toIntExact(outPixels(s));
            length = taps(s) * padded(s.in());
            // Parts make up for blocks that are few.
            tiles = tiles(s.out(), Integer.MAX_VALUE);
            blocks = Calls.blocks(s.out(), tiles.outputs()) * Calls.blocks(length, tiles.elements());
            int wanted = Math.max(1, Math.min(Calls.blocks(GRADIENT_BLOCKS, blocks), pixels / LEAST_PIXELS));
            partPixels = Calls.blocks(Calls.blocks(pixels, wanted), tiles.pixels()) * tiles.pixels();
            parts = Calls.blocks(pixels, partPixels);
        }

        long bytes() {
            return (long) parts * s.out() * length * Float.BYTES;
        }

        void launch(double alpha, Tensor x, Tensor dy, long partial, Tensor dFilters, boolean accumulate) {
            Calls call = calls.to(tiles.gradientKernel())
                    .tensor(x)
                    .tensor(dy)
                    .address(partial)
                    .int32(partPixels)
                    .int32(s.batch())
                    .int32(s.height())
                    .int32(s.width())
                    .int32(s.in())
                    .int32(s.outHeight())
                    .int32(s.outWidth())
                    .int32(s.out())
                    .int32(s.kernel())
                    .int32(s.stride())
                    .int32(s.padding());
            call.grid(blocks, parts, 1, tiles.threads(), tiles.gradientSharedBytes());
            sum(calls, partial, parts, s, length, padded(s.in()), alpha, dFilters, accumulate);
        }
    }

    /** Adds up the parts [part, out, ld] of a gradient whose rows are [taps, padded]. */
    static void sum(
            Calls calls, long partial, int parts, WindowShape s, int ld, int padded, double alpha, Tensor dFilters,
            boolean accumulate) {
        int lanes = parts < ADDERS ? Calls.BLOCK : Calls.WARP;
        calls.to("unpack_filters")
                .address(partial)
                .int32(parts)
                .int64((long) s.out() * ld)
                .int32(ld)
                .tensor(dFilters)
                .float32(alpha)
                .flag(accumulate)
                .int32(dFilters.intSize())
                .int32(s.in())
                .int32(padded)
                .int32(taps(s))
                .int32(lanes)
                .grid(Calls.blocks(dFilters.size(), lanes), 1, 1);
    }
}
