package org.windtunnel.backend.cuda;

import java.util.List;
import org.windtunnel.config.ConfigException;

/**
 * A compiled size of the attention kernels: heads of up to {@code width} elements in tiles of {@code tile} rows.
 * {@code ATTENTION} in the source lists the same.
 */
record AttentionTiles(int width, int tile) {
    private static final int PAD = 4;
    private static final List<AttentionTiles> COMPILED = List.of(
            new AttentionTiles(16, 64),
            new AttentionTiles(32, 64),
            new AttentionTiles(64, 64),
            new AttentionTiles(64, 32),
            new AttentionTiles(128, 64),
            new AttentionTiles(128, 32),
            new AttentionTiles(256, 32),
            new AttentionTiles(256, 16));

    /**
     * The smallest width that holds a head, in the largest tile whose memory a block can have.
     *
     * @param matrices [tile, width] matrices in shared memory beside the scores
     * @throws ConfigException if heads are too large for the kernels or for this card
     */
    static AttentionTiles of(int headDim, int matrices, DeviceInfo card) {
        int width = COMPILED.stream()
                .mapToInt(AttentionTiles::width)
                .filter(w -> w >= headDim)
                .findFirst()
                .orElseThrow(() -> new ConfigException("model: the cuda backend takes heads of at most 256 elements,"
                        + " found " + headDim + "; give the model more heads"));
        return COMPILED.stream()
                .filter(t -> t.width == width && t.sharedBytes(matrices) <= card.sharedBytesPerBlock())
                .findFirst()
                .orElseThrow(() -> new ConfigException("model: heads of " + headDim + " elements need "
                        + new AttentionTiles(width, 16).sharedBytes(matrices) + " bytes of shared memory, a block of "
                        + card.name() + " has " + card.sharedBytesPerBlock() + "; give the model more heads"));
    }

    int sharedBytes(int matrices) {
        return (matrices * tile * (width + PAD) + tile * (tile + PAD)) * Float.BYTES;
    }

    /** The kernel of this size. */
    String kernel(String name) {
        return name + "_" + width + "_" + tile;
    }
}
