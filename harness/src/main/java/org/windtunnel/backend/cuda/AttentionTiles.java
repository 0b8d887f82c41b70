package org.windtunnel.backend.cuda;

import java.util.List;
import java.util.Optional;
import org.windtunnel.config.ConfigException;

/**
 * The attention kernels for one head size on one card: which they are, and the tiles they work in.
 *
 * @param delta kernel of the dot products of outputs and their gradients
 * @param deltaThreads threads that share one of them
 * @param source what has to be compiled first, beside the kernels that are always there
 */
record AttentionTiles(
        Pass forward, Pass keys, Pass queries, String delta, int deltaThreads, Optional<KernelSource> source) {
    /**
     * One kernel.
     *
     * @param rows queries (of {@code keys}: keys) of a block
     * @param threads of a block
     * @param sharedBytes shared memory of a block
     */
    record Pass(String kernel, int rows, int threads, int sharedBytes) {}

    /**
     * The kernels on tensor cores where the card has them and a block's memory is enough; else those in fp32, which
     * take heads of up to 256 elements.
     *
     * @param operands how products are to round; fp32 is always served by the kernels in fp32
     * @throws ConfigException if heads are too large for the kernels or for this card
     */
    static AttentionTiles of(int headDim, Operands operands, DeviceInfo card) {
        return Tensor.of(headDim, operands, card).map(Tensor::tiles).orElseGet(() -> plain(headDim, card));
    }

    /** The sources of all kernels on tensor cores. */
    static List<KernelSource> sources() {
        return Tensor.SIZES.stream().map(Tensor::source).toList();
    }

    private static AttentionTiles plain(int headDim, DeviceInfo card) {
        Plain forward = Plain.of(headDim, Plain.FORWARD_MATRICES, card);
        Plain backward = Plain.of(headDim, Plain.BACKWARD_MATRICES, card);
        return new AttentionTiles(
                forward.pass("attention_forward", Plain.FORWARD_MATRICES),
                backward.pass("attention_backward_keys", Plain.BACKWARD_MATRICES),
                backward.pass("attention_backward_queries", Plain.BACKWARD_MATRICES),
                "attention_delta",
                1,
                Optional.empty());
    }

    /**
     * A compiled size of the kernels in fp32: heads of up to {@code width} elements in tiles of {@code tile} rows.
     * {@code ATTENTION} in the source lists the same.
     */
    private record Plain(int width, int tile) {
        private static final int PAD = 4;
        private static final int FORWARD_MATRICES = 3;
        private static final int BACKWARD_MATRICES = 4;
        private static final List<Plain> SIZES = List.of(
                new Plain(16, 64),
                new Plain(32, 64),
                new Plain(64, 64),
                new Plain(64, 32),
                new Plain(128, 64),
                new Plain(128, 32),
                new Plain(128, 16),
                new Plain(256, 32),
                new Plain(256, 16));

        /** The smallest width that holds a head, in the largest tile whose memory a block can have. */
        private static Plain of(int headDim, int matrices, DeviceInfo card) {
            int width = SIZES.stream()
                    .mapToInt(Plain::width)
                    .filter(w -> w >= headDim)
                    .findFirst()
                    .orElseThrow(() -> new ConfigException("model: the cuda backend takes heads of at most 256"
                            + " elements, found " + headDim + "; give the model more heads"));
            return SIZES.stream()
                    .filter(t -> t.width == width && t.sharedBytes(matrices) <= card.sharedBytesPerBlock())
                    .findFirst()
                    .orElseThrow(() -> new ConfigException("model: heads of " + headDim + " elements need "
                            + new Plain(width, 16).sharedBytes(matrices) + " bytes of shared memory, a block of "
                            + card.name() + " has " + card.sharedBytesPerBlock() + "; give the model more heads"));
        }

        /** @param matrices [tile, width] matrices in shared memory beside the scores */
        private int sharedBytes(int matrices) {
            return (matrices * tile * (width + PAD) + tile * (tile + PAD)) * Float.BYTES;
        }

        private Pass pass(String kernel, int matrices) {
            return new Pass(kernel + "_" + width + "_" + tile, tile, Calls.BLOCK, sharedBytes(matrices));
        }
    }

    /**
     * A size of the kernels on tensor cores. They are compiled when a model first needs them. Chosen without a card to
     * measure on, so that in bf16 next to no registers spill to memory and two blocks or more fit a multiprocessor.
     *
     * @param width elements of a head at most
     * @param matrices matrices of 16 rows that a warp owns, forward
     * @param columns keys in shared memory at a time, forward
     * @param backwardColumns keys or queries in shared memory at a time, backward
     * @param chunk how many of them a step takes
     */
    private record Tensor(
            Operands operands, int width, int matrices, int columns, int backwardColumns, int chunk) {
        private static final int OLDEST_MAJOR = 8;
        private static final int WARPS = 4;
        private static final int WARP_ROWS = 16;
        private static final int ROW_PAD_BYTES = 16;
        private static final List<Tensor> SIZES = List.of(
                new Tensor(Operands.BF16, 32, 2, 64, 64, 32),
                new Tensor(Operands.BF16, 64, 2, 64, 64, 32),
                new Tensor(Operands.BF16, 128, 1, 64, 32, 32),
                new Tensor(Operands.TF32, 32, 1, 64, 64, 32),
                new Tensor(Operands.TF32, 64, 1, 64, 32, 32),
                new Tensor(Operands.TF32, 128, 1, 32, 32, 16));

        private static Optional<Tensor> of(int headDim, Operands operands, DeviceInfo card) {
            return SIZES.stream()
                    .filter(size -> size.operands == operands && size.width >= headDim)
                    .findFirst()
                    .filter(size -> card.major() >= OLDEST_MAJOR
                            && Math.max(size.forwardBytes(), size.backwardBytes()) <= card.sharedBytesPerBlock());
        }

        private int rowBytes() {
            return width * (operands == Operands.BF16 ? 2 : Float.BYTES) + ROW_PAD_BYTES;
        }

        /** Queries, keys and values. */
        private int forwardBytes() {
            return (matrices * WARP_ROWS * WARPS + 2 * columns) * rowBytes();
        }

        /** Queries, gradients, keys and values; and, where the columns are queries, two statistics of each. */
        private int backwardBytes() {
            return 2 * (WARP_ROWS * WARPS + backwardColumns) * rowBytes() + 2 * backwardColumns * Float.BYTES;
        }

        private String type() {
            return operands == Operands.BF16 ? "bf16" : "tf32";
        }

        private Pass pass(String kernel, int rowMatrices, int sharedBytes) {
            return new Pass(
                    kernel + "_" + type() + "_" + width,
                    rowMatrices * WARP_ROWS * WARPS,
                    WARPS * Calls.WARP,
                    sharedBytes);
        }

        private AttentionTiles tiles() {
            return new AttentionTiles(
                    pass("tensor_forward", matrices, forwardBytes()),
                    pass("tensor_backward_keys", 1, backwardBytes()),
                    pass("tensor_backward_queries", 1, backwardBytes()),
                    "tensor_delta_" + type() + "_" + width,
                    WARP_ROWS,
                    Optional.of(source()));
        }

        private KernelSource source() {
            String struct = operands == Operands.BF16 ? "Bf16" : "Tf32";
            return KernelSource.tensor(
                    "tensor_attention",
                    type() + "_" + width,
                    "TENSOR_ATTENTION(" + type() + ", " + struct + ", " + width + ", " + matrices + ", " + columns
                            + ", " + backwardColumns + ", " + chunk + ", " + WARPS + ")");
        }
    }
}
