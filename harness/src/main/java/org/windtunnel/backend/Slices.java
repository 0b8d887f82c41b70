package org.windtunnel.backend;

import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/** Tensors that are parts of one flat vector, with gaps or without, for kernels that take all of them at once. */
public final class Slices {
    /** Elements of the blocks that {@link #table} counts: what a group of a device's threads takes. */
    public static final int BLOCK = 1024;
    /** Numbers in {@link #table} for each tensor. */
    public static final int ENTRY = 3;

    private final Tensor flat;
    private final Tensor[] views;
    private final Tensor table;
    private final int blocks;

    /**
     * @param memory of the table
     * @param views of {@code flat}, which may share its memory with more
     */
    public Slices(Allocator memory, Tensor flat, Tensor... views) {
        this.flat = flat;
        this.views = views.clone();
        this.table = memory.take(DType.INT32, Math.max(1, views.length), ENTRY);
        int[] entries = new int[table.intSize()];
        int firstBlock = 0;
        for (int k = 0; k < views.length; k++) {
            long at = views[k].offset() - flat.offset();
            if (views[k].storage() != flat.storage() || at < 0 || at + views[k].size() > flat.size()) {
                throw new IllegalArgumentException("expected views of " + flat + ", found " + views[k]);
            }
            entries[ENTRY * k] = Math.toIntExact(at);
            entries[ENTRY * k + 1] = views[k].intSize();
            entries[ENTRY * k + 2] = firstBlock;
            firstBlock = Math.addExact(firstBlock, (int) ((views[k].size() + BLOCK - 1) / BLOCK));
        }
        this.blocks = firstBlock;
        if (table.storage() != null) {
            table.set(entries);
        }
    }

    public int count() {
        return views.length;
    }

    public Tensor get(int k) {
        return views[k];
    }

    /** What they are parts of. */
    public Tensor flat() {
        return flat;
    }

    /** INT32 [count, 3]: first element in {@link #flat}, elements, and the number of blocks of the tensors before. */
    public Tensor table() {
        return table;
    }

    /** Blocks of all tensors; none belongs to two. */
    public int blocks() {
        return blocks;
    }

    /** @throws IllegalArgumentException unless the others are as many tensors, of the same sizes */
    public void requireSameSizes(Slices other) {
        if (other.views.length != views.length) {
            throw new IllegalArgumentException(
                    "expected " + views.length + " tensors, found " + other.views.length);
        }
        for (int k = 0; k < views.length; k++) {
            Shapes.sameSize(views[k], other.views[k]);
        }
    }
}
