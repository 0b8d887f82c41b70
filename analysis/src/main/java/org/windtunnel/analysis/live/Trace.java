package org.windtunnel.analysis.live;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A curve of any length in bounded memory: every step of the first {@value #RESOLUTION}, and from there on buckets whose
 * width grows with the step, {@value #RESOLUTION} for each factor of e. A bucket's edges depend on the step alone, so that
 * curves of runs that log the same steps have the same points, and points that were handed out do not change later, except
 * for the last.
 */
public final class Trace {
    static final int RESOLUTION = 300;

    /** How the lines of a bucket make its value. */
    public enum Column {
        STEP,
        TOKENS,
        LR,
        SECONDS,
        LOSS,
        LOSS_LOW,
        LOSS_HIGH,
        GRAD_NORM,
        TOKENS_PER_SECOND;

        private static final int COUNT = values().length;

        private boolean isMean() {
            return this == LOSS || this == GRAD_NORM || this == TOKENS_PER_SECOND;
        }
    }

    /** No two histories have one number, not even of different traces. */
    private static final AtomicInteger EPOCHS = new AtomicInteger();

    private final double[][] columns = new double[Column.COUNT][64];
    /** Finite values in the open bucket, for its means. */
    private final int[] counts = new int[Column.COUNT];
    private int size;
    private long bucket = -1;
    private int epoch = EPOCHS.incrementAndGet();

    /** Points so far. */
    public int size() {
        return size;
    }

    /** Another number whenever points that were there have changed or gone, other than the last. */
    public int epoch() {
        return epoch;
    }

    /** Values of a column from a point on; NaN where a bucket has no finite value. */
    public double[] values(Column column, int from) {
        return Arrays.copyOfRange(columns[column.ordinal()], Math.min(from, size), size);
    }

    /** The newest value of a column; NaN without points. */
    public double last(Column column) {
        return size == 0 ? Double.NaN : columns[column.ordinal()][size - 1];
    }

    void clear() {
        for (int c = 0; c < columns.length; c++) {
            columns[c] = new double[64];
        }
        size = 0;
        bucket = -1;
        epoch = EPOCHS.incrementAndGet();
    }

    /** Adds a line of a curve; a step that comes again takes away what followed its first time. */
    void add(LogLine line) {
        long index = bucketOf(line.step());
        if (index < bucket || index == bucket && line.step() <= last(Column.STEP)) {
            while (size > 0 && columns[0][size - 1] >= line.step()) {
                size--;
            }
            bucket = -1;
            epoch = EPOCHS.incrementAndGet();
        }
        if (index != bucket) {
            open(index);
        }
        put(Column.STEP, line.step());
        put(Column.TOKENS, line.tokens());
        put(Column.LR, line.lr());
        put(Column.SECONDS, line.seconds());
        put(Column.LOSS, line.loss());
        low(line.loss());
        put(Column.GRAD_NORM, line.gradNorm());
        put(Column.TOKENS_PER_SECOND, line.tokensPerSecond());
    }

    static long bucketOf(long step) {
        return step < RESOLUTION ? step : (long) (RESOLUTION * (1 + Math.log(step / (double) RESOLUTION)));
    }

    private void open(long index) {
        bucket = index;
        if (size == columns[0].length) {
            for (int c = 0; c < columns.length; c++) {
                columns[c] = Arrays.copyOf(columns[c], 2 * size);
            }
        }
        for (double[] column : columns) {
            column[size] = Double.NaN;
        }
        Arrays.fill(counts, 0);
        size++;
    }

    private void put(Column column, double value) {
        double[] values = columns[column.ordinal()];
        if (!column.isMean()) {
            values[size - 1] = value;
        } else if (Double.isFinite(value)) {
            int n = ++counts[column.ordinal()];
            values[size - 1] = n == 1 ? value : values[size - 1] + (value - values[size - 1]) / n;
        }
    }

    private void low(double loss) {
        double[] low = columns[Column.LOSS_LOW.ordinal()];
        double[] high = columns[Column.LOSS_HIGH.ordinal()];
        if (Double.isFinite(loss)) {
            low[size - 1] = Double.isNaN(low[size - 1]) ? loss : Math.min(low[size - 1], loss);
            high[size - 1] = Double.isNaN(high[size - 1]) ? loss : Math.max(high[size - 1], loss);
        }
    }
}
