package org.windtunnel.backend.cpu;

import java.util.Arrays;

/** One row of column sums for each chunk, combined in chunk order. */
final class Partials {
    private float[][] rows = new float[0][];

    /** Clears {@code chunks} rows of {@code width}. */
    void reset(int chunks, int width) {
        if (rows.length < chunks) {
            rows = Arrays.copyOf(rows, chunks);
        }
        for (int c = 0; c < chunks; c++) {
            if (rows[c] == null || rows[c].length < width) {
                rows[c] = new float[width];
            }
            Arrays.fill(rows[c], 0, width, 0f);
        }
    }

    float[] row(int chunk) {
        return rows[chunk];
    }

    /** Adds all rows into the first and returns it. */
    float[] combine(Lanes lanes, int chunks, int width) {
        for (int c = 1; c < chunks; c++) {
            lanes.axpy(1f, rows[c], 0, rows[0], 0, width);
        }
        return rows[0];
    }
}
