package org.windtunnel.analysis.report;

import java.util.Arrays;

/**
 * Largest-triangle-three-buckets (Steinarsson, "Downsampling Time Series for Visual Representation", 2013) over buckets
 * that are even in log x: keeps spikes, and keeps the early part of a curve that a log axis shows wide.
 */
final class Thinning {
    private Thinning() {}

    /**
     * Indices of the points to keep, increasing, first and last among them.
     *
     * @param x increasing and positive
     * @param y same length, finite
     * @param limit at least 3
     */
    static int[] keep(double[] x, double[] y, int limit) {
        int count = x.length;
        if (count <= limit) {
            int[] all = new int[count];
            Arrays.setAll(all, i -> i);
            return all;
        }
        int[] starts = buckets(x, limit);
        int[] kept = new int[starts.length];
        int size = 0;
        int last = 0;
        for (int b = 0; b + 1 < starts.length; b++) {
            if (b == 0) {
                kept[size++] = 0;
                continue;
            }
            boolean lastBucket = b + 2 == starts.length;
            last = farthest(x, y, last, starts[b], starts[b + 1], starts[b + 1], lastBucket ? count : starts[b + 2]);
            kept[size++] = last;
        }
        kept[size++] = count - 1;
        return Arrays.copyOf(kept, size);
    }

    /** Starts of non-empty buckets, the first holding point 0 alone, the last entry the index of the last point. */
    private static int[] buckets(double[] x, int limit) {
        int count = x.length;
        int inner = limit - 2;
        int[] starts = new int[limit];
        int size = 0;
        starts[size++] = 0;
        double from = Math.log(x[1]);
        double span = Math.log(x[count - 1]) - from;
        int at = 1;
        for (int b = 0; b < inner && at < count - 1; b++) {
            starts[size++] = at;
            double edge = from + span * (b + 1) / inner;
            // Where the log grid is finer than the points, each bucket still takes one.
            int next = at + 1;
            while (next < count - 1 && Math.log(x[next]) < edge) {
                next++;
            }
            at = b == inner - 1 ? count - 1 : next;
        }
        starts[size++] = count - 1;
        return Arrays.copyOf(starts, size);
    }

    /** Point of a bucket that spans the largest triangle with the last kept point and the mean of the next bucket. */
    private static int farthest(double[] x, double[] y, int last, int from, int to, int nextFrom, int nextTo) {
        double meanX = 0;
        double meanY = 0;
        for (int i = nextFrom; i < nextTo; i++) {
            meanX += Math.log(x[i]);
            meanY += y[i];
        }
        meanX /= nextTo - nextFrom;
        meanY /= nextTo - nextFrom;
        double lastX = Math.log(x[last]);
        int best = from;
        double largest = -1;
        for (int i = from; i < to; i++) {
            double area = Math.abs((lastX - meanX) * (y[i] - y[last]) - (lastX - Math.log(x[i])) * (meanY - y[last]));
            if (area > largest) {
                largest = area;
                best = i;
            }
        }
        return best;
    }
}
