package org.windtunnel.data.image;

import java.util.function.LongUnaryOperator;
import java.util.stream.IntStream;
import org.windtunnel.data.DataShape;
import org.windtunnel.data.Split;

/**
 * Mean and standard deviation of each channel's pixels, as shares of 255, over training images.
 *
 * @param mean by channel
 * @param std by channel
 */
record ChannelStatistics(double[] mean, double[] std) {

    /** Over the first {@code count} images of an order. @param order image number by place */
    static ChannelStatistics of(ImageSource source, int count, LongUnaryOperator order) {
        DataShape.Images shape = source.shape();
        int pixels = shape.height() * shape.width();
        byte[] image = new byte[shape.channels() * pixels];
        long[] sum = new long[shape.channels()];
        long[] squares = new long[shape.channels()];
        for (int i = 0; i < count; i++) {
            source.read(Split.TRAIN, order.applyAsLong(i), image);
            for (int n = 0; n < image.length; n++) {
                int level = image[n] & 0xFF;
                sum[n / pixels] += level;
                squares[n / pixels] += level * level;
            }
        }
        double n = (double) count * pixels;
        double[] mean = IntStream.range(0, sum.length).mapToDouble(c -> sum[c] / n / 255).toArray();
        double[] std = IntStream.range(0, sum.length)
                .mapToDouble(c -> Math.sqrt(Math.max(0, squares[c] / n / (255.0 * 255) - mean[c] * mean[c])))
                .toArray();
        return new ChannelStatistics(mean, std);
    }

    /** (level / 255 − mean) / std by channel and level; a channel of one level only is not scaled. */
    float[][] normalised() {
        float[][] table = new float[mean.length][256];
        for (int c = 0; c < mean.length; c++) {
            for (int level = 0; level < 256; level++) {
                table[c][level] = (float) ((level / 255.0 - mean[c]) / (std[c] > 0 ? std[c] : 1));
            }
        }
        return table;
    }
}
