package org.windtunnel.backend.cuda;

import java.nio.ByteBuffer;
import org.windtunnel.tensor.Tensor;

/** Sums in two passes, partial sums first; how they are cut depends on shapes alone. */
final class Reductions implements AutoCloseable {
    /** Doubles that {@link #results} holds; the last is the word at {@link #fault}. */
    private static final int RESULTS = 9;
    static final int RESULT_BYTES = RESULTS * Double.BYTES;
    private static final int FAULT_AT = (RESULTS - 1) * Double.BYTES;
    private static final int MOST_PARTS = 512;
    private static final int ELEMENTS_A_PART = 16 * Calls.BLOCK;
    private static final int FINISH_THREADS = 512;
    private static final int ROWS_A_STRIP = 64;
    private static final int MOST_STRIPS = 256;

    private final Device device;
    private final DeviceMemory memory;
    private final Calls calls;
    private final Workspace workspace;
    private final long results;

    Reductions(Device device, DeviceMemory memory, Calls calls, Workspace workspace) {
        this.device = device;
        this.memory = memory;
        this.calls = calls;
        this.workspace = workspace;
        this.results = memory.allocate(RESULT_BYTES);
        device.clear(results, RESULT_BYTES);
    }

    /** Partial sums of a vector of n elements. */
    static int parts(long n) {
        return (int) Math.max(1, Math.min(MOST_PARTS, (n + ELEMENTS_A_PART - 1) / ELEMENTS_A_PART));
    }

    /** Device memory for {@code parts} doubles, for {@link #finish}. */
    long partial(int parts) {
        return workspace.take((long) parts * Double.BYTES);
    }

    /** Leaves the sum of {@link #partial}'s doubles on the device. */
    void finish(long partial, int parts, long to) {
        calls.to("finish_sum").address(partial).int32(parts).address(to).grid(1, 1, 1, FINISH_THREADS, 0);
    }

    /**
     * Where a kernel may put doubles, for {@link #fetch}: the first three are those of the last call, the next five of
     * {@link LateLosses}.
     */
    long results() {
        return results;
    }

    /** Where kernels leave a bad id, as an int that is not 0. */
    long fault() {
        return results + FAULT_AT;
    }

    /** Waits for the doubles at {@link #results}. @throws IllegalArgumentException if a kernel met a bad id */
    ByteBuffer fetch() {
        return checked(device.download(results, RESULT_BYTES));
    }

    /** The doubles, after a look at what kernels have met. @throws IllegalArgumentException if that was a bad id */
    ByteBuffer checked(ByteBuffer found) {
        int id = found.getInt(FAULT_AT);
        if (id != 0) {
            device.clear(fault(), Double.BYTES);
            throw new IllegalArgumentException("expected token ids and targets below the size of their table, found "
                    + (id < 0 ? "a negative token id" : "id " + id));
        }
        return found;
    }

    double sumOfSquares(Tensor x) {
        sumOfSquares(x, results);
        return fetch().getDouble(0);
    }

    /** Leaves the sum on the device. */
    void sumOfSquares(Tensor x, long to) {
        int parts = parts(x.size());
        long partial = partial(parts);
        calls.to(Calls.isRounded(x) ? "sum_of_squares_bf16" : "sum_of_squares")
                .either(x)
                .int64(x.size())
                .address(partial)
                .grid(parts, 1, 1);
        finish(partial, parts, to);
    }

    /** Rows of a strip of a column sum. */
    static int stripRows(int rows) {
        return Math.max(ROWS_A_STRIP, Calls.blocks(rows, MOST_STRIPS));
    }

    /** Strips of a column sum. */
    static int strips(int rows) {
        return Calls.blocks(rows, stripRows(rows));
    }

    /** Blocks of 32 columns. */
    static int columnBlocks(int width) {
        return Calls.blocks(width, Calls.WARP);
    }

    /** Device memory of a column sum's strips, for {@code vectors} sums at once. */
    long strips(int rows, int width, int vectors) {
        return workspace.take((long) vectors * strips(rows) * width * Float.BYTES);
    }

    /** out (+)= the sums over the strips. */
    void finishColumns(long partial, int rows, int width, Tensor out, boolean accumulate) {
        calls.to("finish_column_sum")
                .address(partial)
                .int32(strips(rows))
                .int32(width)
                .tensor(out)
                .flag(accumulate)
                .grid(columnBlocks(width), 1, 1);
    }

    /** out (+)= column sums of x [rows, width]. */
    void columnSum(Tensor x, int rows, int width, Tensor out, boolean accumulate) {
        long partial = strips(rows, width, 1);
        calls.to(Calls.isRounded(x) ? "column_sum_bf16" : "column_sum")
                .either(x)
                .int32(rows)
                .int32(width)
                .int32(stripRows(rows))
                .address(partial)
                .grid(columnBlocks(width), strips(rows), 1);
        finishColumns(partial, rows, width, out, accumulate);
    }

    @Override
    public void close() {
        memory.free(results, RESULT_BYTES);
    }
}
