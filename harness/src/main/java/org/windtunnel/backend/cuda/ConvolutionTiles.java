package org.windtunnel.backend.cuda;

import java.util.List;

/**
 * A size of the convolution kernels on tensor cores, compiled when a model first needs it. Chosen without a card to
 * measure on, so that none spills registers to memory and two blocks or more fit a multiprocessor with 164 KiB of shared memory.
 *
 * @param outputs channels out of a block
 * @param warpColumns warps side by side in a block's tile of pixels by channels, each with {@value #WARP_PIXELS} pixels
 * @param elements elements of a filter that a block of the filters' gradient has
 * @param pixels terms of the filters' gradient in shared memory at a time
 * @param gradientRows warps along the channels out in a block of the filters' gradient
 * @param resident blocks of a multiprocessor that registers are to be enough for
 */
record ConvolutionTiles(
        Operands operands,
        int outputs,
        int warpColumns,
        int elements,
        int pixels,
        int gradientRows,
        int resident) {
    /** Pixels of a block. */
    static final int PIXELS = 128;
    /** Compute capability of the oldest cards whose tensor cores take bf16 and tf32. */
    private static final int OLDEST_MAJOR = 8;
    private static final int WARP_PIXELS = 32;
    /** Terms of a sum in shared memory at a time. */
    private static final int DEPTH = 32;
    private static final int PLACE_BYTES = 16;
    private static final int ROW_PAD_BYTES = 16;
    /** Buffers of each tile. */
    private static final int BUFFERS = 2;
    /** Fewest channels that blocks are cut to in order to have more of them. */
    private static final int LEAST_CUT = 32;
    private static final List<ConvolutionTiles> SIZES = List.of(
            new ConvolutionTiles(Operands.BF16, 16, 1, 64, 64, 1, 6),
            new ConvolutionTiles(Operands.BF16, 32, 1, 64, 64, 2, 4),
            new ConvolutionTiles(Operands.BF16, 64, 1, 128, 32, 2, 3),
            new ConvolutionTiles(Operands.BF16, 128, 2, 128, 32, 4, 2),
            new ConvolutionTiles(Operands.TF32, 16, 1, 64, 64, 1, 6),
            new ConvolutionTiles(Operands.TF32, 32, 1, 64, 64, 2, 4),
            new ConvolutionTiles(Operands.TF32, 64, 1, 128, 32, 2, 3),
            new ConvolutionTiles(Operands.TF32, 128, 2, 128, 32, 4, 2));

    /** Whether a card has the kernels for these operands. */
    static boolean serve(Operands operands, DeviceInfo card) {
        return card.major() >= OLDEST_MAJOR
                && SIZES.stream().anyMatch(size -> size.operands == operands)
                && SIZES.stream()
                        .filter(size -> size.operands == operands)
                        .allMatch(size -> Math.max(size.sharedBytes(), size.gradientSharedBytes())
                                <= card.sharedBytesPerBlock());
    }

    /**
     * The size whose blocks hold all channels out, or the largest; a smaller one where its blocks would be too few. By
     * shapes alone; an element is the same sum in all of them.
     *
     * @param tiles of {@link #PIXELS} pixels
     * @param leastBlocks wanted
     */
    static ConvolutionTiles of(Operands operands, int out, int tiles, int leastBlocks) {
        List<ConvolutionTiles> sizes =
                SIZES.stream().filter(size -> size.operands == operands).toList();
        int i = 0;
        while (i + 1 < sizes.size() && sizes.get(i).outputs < out) {
            i++;
        }
        while (i > 0
                && sizes.get(i).outputs > LEAST_CUT
                && (long) tiles * Calls.blocks(out, sizes.get(i).outputs) < leastBlocks) {
            i--;
        }
        return sizes.get(i);
    }

    /** The sources of all sizes. */
    static List<KernelSource> sources() {
        return SIZES.stream().map(ConvolutionTiles::source).toList();
    }

    private String name() {
        return (operands == Operands.BF16 ? "bf16" : "tf32") + "_" + outputs;
    }

    String kernel() {
        return "tensor_convolution_" + name();
    }

    String gradientKernel() {
        return "tensor_filter_gradient_" + name();
    }

    int threads() {
        return PIXELS / WARP_PIXELS * warpColumns * Calls.WARP;
    }

    int elementBytes() {
        return operands == Operands.BF16 ? Short.BYTES : Float.BYTES;
    }

    /** Places of the pixels, windows and filters. */
    int sharedBytes() {
        return PIXELS * PLACE_BYTES + BUFFERS * (PIXELS + outputs) * (DEPTH * elementBytes() + ROW_PAD_BYTES);
    }

    /** Places of the pixels, windows and the gradient of the output. */
    int gradientSharedBytes() {
        return BUFFERS * pixels * (PLACE_BYTES + (elements + outputs) * elementBytes() + 2 * ROW_PAD_BYTES);
    }

    KernelSource source() {
        String struct = operands == Operands.BF16 ? "Bf16" : "Tf32";
        return KernelSource.tensor(
                "tensor_convolution",
                name(),
                "TENSOR_CONVOLUTION(" + (operands == Operands.BF16 ? "bf16" : "tf32") + ", " + struct + ", " + outputs
                        + ", " + warpColumns + ", " + elements + ", " + pixels + ", " + gradientRows + ", " + resident
                        + ")");
    }
}
