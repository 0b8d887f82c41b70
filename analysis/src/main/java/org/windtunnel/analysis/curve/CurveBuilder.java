package org.windtunnel.analysis.curve;

import java.util.Arrays;

/**
 * Gathers the lines of a training curve in bounded memory: from {@link #MOST} lines on neighbours are merged two by two,
 * so that each row stands for a stretch of lines: loss, gradient norm and throughput are means over it, all else is what
 * its last line says.
 */
public final class CurveBuilder {
    /** Rows kept of a curve. */
    public static final int MOST = 1 << 14;

    private static final int COLUMNS = 8;
    private static final int FIRST = 64;
    private static final int LOSS = 4;
    private static final int NORM = 5;
    private static final int RATE = 6;

    private double[][] columns = new double[COLUMNS][FIRST];
    private int size;
    /** Lines that a row stands for, and those that the last one holds so far. */
    private int stride = 1;

    private int held;

    /**
     * Adds a line; a step that comes again replaces what followed its first time.
     *
     * @param step finished optimizer steps
     */
    public void add(
            double step,
            double tokens,
            double flops,
            double lr,
            double loss,
            double gradNorm,
            double tokensPerSecond,
            double seconds) {
        while (size > 0 && columns[0][size - 1] >= step) {
            size--;
            held = stride;
        }
        boolean opens = size == 0 || held == stride;
        if (opens) {
            room();
            size++;
            held = 0;
        }
        int row = size - 1;
        mean(LOSS, row, loss);
        mean(NORM, row, gradNorm);
        mean(RATE, row, tokensPerSecond);
        columns[0][row] = step;
        columns[1][row] = tokens;
        columns[2][row] = flops;
        columns[3][row] = lr;
        columns[7][row] = seconds;
        held++;
    }

    private void mean(int column, int row, double value) {
        double[] values = columns[column];
        values[row] = held == 0 ? value : values[row] + (value - values[row]) / (held + 1);
    }

    /** Makes room for a row, by growing up to the most and then by halving. */
    private void room() {
        if (size == MOST) {
            halve();
        } else if (size == columns[0].length) {
            for (int c = 0; c < COLUMNS; c++) {
                columns[c] = Arrays.copyOf(columns[c], 2 * size);
            }
        }
    }

    private void halve() {
        for (int c = 0; c < COLUMNS; c++) {
            boolean averaged = c == LOSS || c == NORM || c == RATE;
            double[] values = columns[c];
            for (int i = 0; i < size / 2; i++) {
                values[i] = averaged ? 0.5 * (values[2 * i] + values[2 * i + 1]) : values[2 * i + 1];
            }
        }
        size /= 2;
        stride *= 2;
    }

    /** Drops what comes after a step. */
    void cut(long last) {
        while (size > 0 && columns[0][size - 1] > last) {
            size--;
            held = stride;
        }
    }

    /** The curve so far. */
    public Curve build() {
        double[][] kept = new double[COLUMNS][];
        Arrays.setAll(kept, c -> Arrays.copyOf(columns[c], size));
        long[] step = Arrays.stream(kept[0]).mapToLong(s -> (long) s).toArray();
        return new Curve(step, kept[1], kept[2], kept[3], kept[4], kept[5], kept[6], kept[7]);
    }
}
