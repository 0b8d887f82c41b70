package org.windtunnel.backend.cuda;

import java.nio.ByteBuffer;
import org.windtunnel.backend.Shapes;
import org.windtunnel.backend.SoftTargets;
import org.windtunnel.tensor.Tensor;

/**
 * Embedding tables and losses against class ids.
 *
 * <p>Ids are checked on the device; what was wrong is thrown when a loss is fetched next.
 */
final class TokenKernels {
    private static final int SUM_THREADS = 1024;
    private static final int SUMS = 3;
    /** Rows up to this width are done by a warp each. */
    private static final int NARROW = 1024;
    /** Vocabularies up to this size get their gradient from several chunks of the batch at once. */
    private static final int SMALL_VOCABULARY = 2048;
    private static final int CHUNK = 2048;
    private static final int MOST_CHUNKS = 32;

    private final Device device;
    private final Calls calls;
    private final Reductions reductions;
    private final Workspace workspace;

    TokenKernels(Device device, Calls calls, Reductions reductions, Workspace workspace) {
        this.device = device;
        this.calls = calls;
        this.reductions = reductions;
        this.workspace = workspace;
    }

    void embeddingForward(Tensor ids, int t, Tensor tokenTable, Tensor positionTable, double mult, Tensor out) {
        int width = tokenTable.dim(1);
        Shapes.atLeast(out, ids.size() * width);
        if (positionTable != null) {
            Shapes.atLeast(positionTable, Math.min(t, ids.size()) * width);
        }
        calls.to("embedding_forward")
                .ints(ids)
                .int32(t)
                .tensor(tokenTable)
                .tensor(positionTable)
                .float32(mult)
                .tensor(out)
                .int64(ids.size() * width)
                .int32(width)
                .int32(tokenTable.dim(0))
                .address(reductions.fault())
                .elements(ids.size() * width);
    }

    void embeddingBackward(
            Tensor ids,
            int t,
            Tensor dOut,
            double mult,
            Tensor dTokenTable,
            boolean accumulateTokens,
            Tensor dPositionTable,
            boolean accumulatePositions) {
        int rows = ids.intSize();
        Shapes.atLeast(dOut, (long) rows * dTokenTable.dim(1));
        if (!accumulateTokens) {
            device.clear(Calls.floats(dTokenTable), dTokenTable.size() * Float.BYTES);
        }
        tokens(ids, rows, dOut, mult, dTokenTable);
        if (dPositionTable != null) {
            positions(rows, t, dOut, mult, dPositionTable, accumulatePositions);
        }
    }

    private void tokens(Tensor ids, int rows, Tensor dOut, double mult, Tensor table) {
        int chunks = table.dim(0) > SMALL_VOCABULARY ? 1 : Math.min(MOST_CHUNKS, Calls.blocks(rows, CHUNK));
        int chunk = Calls.blocks(rows, chunks);
        long bytes = table.size() * Float.BYTES;
        long to = Calls.floats(table);
        if (chunks > 1) {
            to = workspace.take(chunks * bytes);
            device.clear(to, chunks * bytes);
        }
        calls.to("embedding_backward")
                .ints(ids)
                .int32(rows)
                .int32(chunk)
                .tensor(dOut)
                .float32(mult)
                .address(to)
                .int64(table.size())
                .int32(table.dim(1))
                .int32(table.dim(0))
                .address(reductions.fault())
                .grid(table.dim(0), chunks, 1);
        if (chunks > 1) {
            calls.to("add_strips").address(to).int32(chunks).tensor(table).int64(table.size()).elements(table.size());
        }
    }

    private void positions(int rows, int t, Tensor dOut, double mult, Tensor table, boolean accumulate) {
        int width = table.dim(1);
        int time = Math.min(t, table.dim(0));
        if (!accumulate) {
            // The kernel overwrites the rows that there are positions for.
            long written = (long) time * width;
            device.clear(Calls.floats(table) + written * Float.BYTES, (table.size() - written) * Float.BYTES);
        }
        calls.to("position_backward")
                .tensor(dOut)
                .int32(rows)
                .int32(t)
                .float32(mult)
                .tensor(table)
                .int32(width)
                .flag(accumulate)
                .grid(Calls.blocks((long) time * width, Calls.BLOCK), 1, 1);
    }

    /**
     * @param soft null for targets of one class
     * @param gradient null for none; in fp32 if targets are soft
     */
    void crossEntropy(
            Tensor logits,
            Tensor targets,
            SoftTargets soft,
            double zWeight,
            double gradScale,
            Tensor gradient,
            double[] sums) {
        int rows = targets.intSize();
        int width = width(logits, rows);
        boolean narrow = width <= NARROW;
        long losses = losses(rows);
        String kernel = narrow ? "cross_entropy_by_warp" : "cross_entropy_by_block";
        calls.to(variant(kernel, soft, gradient))
                .tensor(logits)
                .ints(targets)
                .int32(rows)
                .int32(width)
                .float64(zWeight)
                .float64(gradScale);
        gradient(gradient, rows, width)
                .address(losses)
                .address(reductions.fault());
        add(soft);
        calls.grid(narrow ? Calls.blocks(rows, Calls.BLOCK / Calls.WARP) : rows, 1, 1);
        sum(losses, targets, rows, sums);
    }

    /** As of {@link #crossEntropy}. */
    void squaredError(
            Tensor logits, Tensor targets, SoftTargets soft, double gradScale, Tensor gradient, double[] sums) {
        int rows = targets.intSize();
        int width = width(logits, rows);
        long losses = losses(rows);
        calls.to(variant("squared_error", soft, gradient))
                .tensor(logits)
                .ints(targets)
                .int32(rows)
                .int32(width)
                .float32(gradScale);
        gradient(gradient, rows, width)
                .address(losses)
                .address(reductions.fault());
        add(soft);
        calls.warps(rows);
        sum(losses, targets, rows, sums);
    }

    private static String variant(String kernel, SoftTargets soft, Tensor gradient) {
        if (soft != null) {
            return "soft_" + kernel;
        }
        return gradient != null && Calls.isRounded(gradient) ? kernel + "_bf16" : kernel;
    }

    private void add(SoftTargets soft) {
        if (soft != null) {
            calls.float64(soft.smoothing()).ints(soft.seconds()).tensor(soft.shares());
        }
    }

    /** Where it begins, null for none, and the distance of its rows. */
    private Calls gradient(Tensor gradient, int rows, int width) {
        if (gradient == null) {
            return calls.address(0).int64(0);
        }
        int ld = Math.toIntExact(gradient.size() / rows);
        Shapes.fits(gradient, rows, width, ld);
        return calls.either(gradient).int64(ld);
    }

    private long losses(int rows) {
        return workspace.take(2L * rows * Double.BYTES);
    }

    private static int width(Tensor logits, int rows) {
        if (rows == 0 || logits.size() % rows != 0) {
            throw new IllegalArgumentException("expected " + rows + " rows of logits, found " + logits);
        }
        return Math.toIntExact(logits.size() / rows);
    }

    private void sum(long losses, Tensor targets, int rows, double[] sums) {
        calls.to("sum_losses")
                .address(losses)
                .ints(targets)
                .int32(rows)
                .address(reductions.results())
                .grid(1, 1, 1, SUM_THREADS, 0);
        if (sums == null) {
            return;
        }
        ByteBuffer found = reductions.fetch();
        for (int i = 0; i < SUMS; i++) {
            sums[i] = found.getDouble(i * Double.BYTES);
        }
    }
}
