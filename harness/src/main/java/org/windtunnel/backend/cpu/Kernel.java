package org.windtunnel.backend.cpu;

import java.nio.FloatBuffer;
import org.windtunnel.tensor.Tensor;

/**
 * One kernel: a reusable object whose fields hold the arguments of the call in progress.
 *
 * <p>The work is a number of items (rows, blocks, heads); {@link #launch} cuts it into chunks by size alone and each
 * chunk calls {@link #range}.
 */
abstract class Kernel implements Pool.Task {
    /** Floats of one operand that a kernel stages at a time: 16 KiB, so that three operands stay near the L1 cache. */
    static final int BLOCK = 4096;
    /** Work of a chunk, in elements, below which handing it to another thread does not pay. */
    private static final long CHUNK_ELEMENTS = 1 << 14;
    /** Enough for the threads of one socket, few enough that combining partial sums stays cheap. */
    static final int MAX_CHUNKS = 64;

    final Lanes lanes;
    private final Pool pool;
    private final Scratch[] scratch;
    private int items;
    private int chunks;

    Kernel(Engine engine) {
        this.pool = engine.pool();
        this.lanes = engine.lanes();
        this.scratch = engine.scratch();
    }

    /** Runs {@code count} items of {@code elements} elements each; returns the number of chunks. */
    final int launch(int count, long elements) {
        if (count == 0) {
            return 0;
        }
        long wanted = Math.max(1, count * elements / CHUNK_ELEMENTS);
        return launchChunks(count, (int) Math.min(wanted, MAX_CHUNKS));
    }

    /** Runs {@code count} items in at most {@code wanted} chunks; returns the number of chunks. */
    final int launchChunks(int count, int wanted) {
        items = count;
        chunks = Math.max(1, Math.min(wanted, count));
        prepare(chunks);
        pool.run(this, chunks);
        return chunks;
    }

    /** Called on the caller's thread before the chunks run. */
    void prepare(int chunkCount) {}

    @Override
    public final void run(int chunk, int thread) {
        int from = (int) ((long) items * chunk / chunks);
        int to = (int) ((long) items * (chunk + 1) / chunks);
        range(from, to, chunk, thread, scratch[thread]);
    }

    /** Computes items [from, to). */
    abstract void range(int from, int to, int chunk, int thread, Scratch s);

    /** Rows of {@code width} elements staged at a time. */
    static int blockRows(int width) {
        return Math.max(1, BLOCK / Math.max(1, width));
    }

    /** Scratch for the caller's thread between runs. */
    final Scratch scratchOfCaller() {
        return scratch[0];
    }

    static FloatBuffer buffer(Tensor x) {
        return ((CpuStorage) x.storage()).floats();
    }

    static int at(Tensor x) {
        return (int) x.offset();
    }

    /** Copies rows of {@code span} elements at distance {@code ld} to adjacent rows. */
    static void stage(FloatBuffer from, int at, int ld, int rows, int span, float[] to) {
        if (ld == span) {
            from.get(at, to, 0, rows * span);
            return;
        }
        for (int r = 0; r < rows; r++) {
            from.get(at + r * ld, to, r * span, span);
        }
    }

    /** The inverse of {@link #stage}. */
    static void unstage(FloatBuffer to, int at, int ld, int rows, int span, float[] from) {
        if (ld == span) {
            to.put(at, from, 0, rows * span);
            return;
        }
        for (int r = 0; r < rows; r++) {
            to.put(at + r * ld, from, r * span, span);
        }
    }
}
