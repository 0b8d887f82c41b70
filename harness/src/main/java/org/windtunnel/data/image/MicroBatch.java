package org.windtunnel.data.image;

import java.util.Arrays;

/** A micro-batch in host memory, to be filled again and again. */
final class MicroBatch {
    final float[] pixels;
    final int[] labels;
    final int[] partners;
    final float[] shares;

    /** @param size elements of an image */
    MicroBatch(int images, int size) {
        this.pixels = new float[images * size];
        this.labels = new int[images];
        this.partners = new int[images];
        this.shares = new float[images];
    }

    /** Leaves images from {@code count} on out of the loss. */
    void cut(int count) {
        Arrays.fill(labels, count, labels.length, -1);
    }
}
