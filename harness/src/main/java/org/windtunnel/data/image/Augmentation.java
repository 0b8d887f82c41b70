package org.windtunnel.data.image;

import org.windtunnel.config.ImageSpec.Augment;
import org.windtunnel.data.DataShape;
import org.windtunnel.tensor.Rng;

/** Crop, flip and cutout of single images: a pure function of the seed and the image's place in the run's order. */
final class Augmentation {
    private static final int DRAWS = 8;

    private final Augment spec;
    private final Rng rng;
    private final int channels;
    private final int height;
    private final int width;
    private final float[][] normalised;

    /** @param normalised by channel and level */
    Augmentation(Augment spec, DataShape.Images shape, float[][] normalised, long seed) {
        this.spec = spec;
        this.rng = new Rng(seed, Rng.stream("augmentation"));
        this.channels = shape.channels();
        this.height = shape.height();
        this.width = shape.width();
        this.normalised = normalised;
    }

    /** Writes an image to {@code dst[at, ...)}, normalised but otherwise as it is. */
    void plain(byte[] image, float[] dst, int at) {
        write(image, 0, 0, false, dst, at);
    }

    /**
     * Writes an image as it is trained on.
     *
     * @param sequence number of the example in the run: step · batch + its place in the step
     */
    void augmented(byte[] image, long sequence, float[] dst, int at) {
        long draw = sequence * DRAWS;
        int crop = spec.crop();
        int down = crop == 0 ? 0 : (int) rng.below(draw, 2L * crop + 1) - crop;
        int right = crop == 0 ? 0 : (int) rng.below(draw + 1, 2L * crop + 1) - crop;
        boolean flip = spec.flip() && rng.uniform(draw + 2) < 0.5;
        write(image, down, right, flip, dst, at);
        if (spec.cutout() > 0) {
            int top = (int) rng.below(draw + 3, height) - spec.cutout() / 2;
            int left = (int) rng.below(draw + 4, width) - spec.cutout() / 2;
            blank(top, left, dst, at);
        }
    }

    /** The window that starts {@code down} rows below and {@code right} columns right of the image's corner. */
    private void write(byte[] image, int down, int right, boolean flip, float[] dst, int at) {
        int to = at;
        for (int c = 0; c < channels; c++) {
            float[] table = normalised[c];
            for (int y = 0; y < height; y++) {
                int row = y + down;
                boolean inside = row >= 0 && row < height;
                for (int x = 0; x < width; x++) {
                    int column = (flip ? width - 1 - x : x) + right;
                    int level = inside && column >= 0 && column < width
                            ? image[(c * height + row) * width + column] & 0xFF
                            : 0;
                    dst[to++] = table[level];
                }
            }
        }
    }

    private void blank(int top, int left, float[] dst, int at) {
        for (int c = 0; c < channels; c++) {
            for (int y = Math.max(0, top); y < Math.min(height, top + spec.cutout()); y++) {
                for (int x = Math.max(0, left); x < Math.min(width, left + spec.cutout()); x++) {
                    dst[at + (c * height + y) * width + x] = 0;
                }
            }
        }
    }
}
