package org.windtunnel.backend;

import org.windtunnel.tensor.Tensor;

/**
 * Kernels of convolutional networks.
 *
 * <p>Images are channels-last: [B, H, W, C], which as a matrix has one row of C channels per pixel, B·H·W in all. Filters
 * keep PyTorch's layout [out, in, k, k], for they are parameters. Conventions otherwise as in {@link Backend}.
 */
public interface ImageKernels {

    /**
     * A sliding window over zero-padded images: of a convolution (cross-correlation, as in PyTorch) or a pooling.
     *
     * @param batch images B
     * @param height of an image that goes in; width likewise
     * @param in channels that go in
     * @param out channels that come out; as many as go in for a pooling
     * @param kernel side k of the window
     */
    record WindowShape(int batch, int height, int width, int in, int out, int kernel, int stride, int padding) {
        public WindowShape {
            if (batch < 1 || in < 1 || out < 1 || kernel < 1 || stride < 1 || padding < 0 || padding >= kernel
                    || height + 2 * padding < kernel || width + 2 * padding < kernel) {
                throw new IllegalArgumentException("expected positive sizes, a padding below the kernel and an image"
                        + " that holds one window, found batch " + batch + ", image " + height + "x" + width + "x" + in
                        + ", out " + out + ", kernel " + kernel + ", stride " + stride + ", padding " + padding);
            }
        }

        public int outHeight() {
            return (height + 2 * padding - kernel) / stride + 1;
        }

        public int outWidth() {
            return (width + 2 * padding - kernel) / stride + 1;
        }

        /** Elements of one image that goes in. */
        public int imageSize() {
            return Math.multiplyExact(Math.multiplyExact(height, width), in);
        }

        /** Elements of one image that comes out. */
        public int outSize() {
            return Math.multiplyExact(Math.multiplyExact(outHeight(), outWidth()), out);
        }
    }

    /**
     * What a normalisation does to its result v on the way out: y = scale · v + skip, then ReLU.
     *
     * @param scale factor on v, such as a residual multiplier
     * @param skip [rows, C], as y, or null
     */
    record Epilogue(double scale, Tensor skip, boolean relu) {
        /** y = v. */
        public static final Epilogue NONE = new Epilogue(1, null, false);
        /** y = max(v, 0). */
        public static final Epilogue RELU = new Epilogue(1, null, true);
    }

    /** to[b, p, c] = from[b, c, p]: images from PyTorch's layout to this one's. */
    void channelsLast(int batch, int channels, int pixels, Tensor from, Tensor to);

    /**
     * y (+)= alpha · convolution of x with the filters.
     *
     * @param x [B, H, W, in]
     * @param filters [out, in, k, k]
     * @param y [B, H', W', out]
     */
    void convolutionForward(WindowShape s, double alpha, Tensor x, Tensor filters, boolean addToY, Tensor y);

    /**
     * Backward of {@link #convolutionForward}: dFilters and dx, each alpha · gradient.
     *
     * @param dx [B, H, W, in] or null if it is not wanted; not dy
     * @param dFilters [out, in, k, k] or null if it is not wanted
     */
    void convolutionBackward(
            WindowShape s,
            double alpha,
            Tensor x,
            Tensor filters,
            Tensor dy,
            Tensor dx,
            boolean addToDx,
            Tensor dFilters,
            boolean accumulate);

    /**
     * Batch normalisation (arXiv 1502.03167) over all pixels of all images: v = (x - mean) · rstd · gain + bias by
     * channel, with the biased variance.
     *
     * @param x [rows, C]
     * @param stats [2, C] receives mean and rstd for the backward pass
     * @param runningMean [C] or null: running = (1 - momentum) · running + momentum · batch
     * @param runningVar [C] or null, likewise, from the unbiased variance
     * @param y [rows, C], not x; may be the skip
     */
    void batchNormForward(
            Tensor x,
            Tensor gain,
            Tensor bias,
            double eps,
            Tensor stats,
            Tensor runningMean,
            Tensor runningVar,
            double momentum,
            Epilogue epilogue,
            Tensor y);

    /** {@link #batchNormForward} with the running statistics in place of the batch's. */
    void batchNormInference(
            Tensor x,
            Tensor gain,
            Tensor bias,
            double eps,
            Tensor runningMean,
            Tensor runningVar,
            Epilogue epilogue,
            Tensor y);

    /**
     * Backward of {@link #batchNormForward}.
     *
     * @param y what the forward pass put out; read only if the epilogue has a ReLU
     * @param dx [rows, C], overwritten; may be dy
     * @param dSkip gradient of the skip, [rows, C], or null if there is none; may be dy unless dx is
     */
    void batchNormBackward(
            Tensor x,
            Tensor gain,
            Tensor stats,
            Epilogue epilogue,
            Tensor y,
            Tensor dy,
            Tensor dx,
            Tensor dSkip,
            boolean addToSkip,
            Tensor dGain,
            Tensor dBias,
            boolean accumulate);

    /**
     * Group normalisation (arXiv 1803.08494): as {@link #batchNormForward} with the mean and variance of each image and
     * group of C / groups adjacent channels.
     *
     * @param stats [B, groups, 2] receives (mean, rstd)
     */
    void groupNormForward(
            int batch,
            int groups,
            Tensor x,
            Tensor gain,
            Tensor bias,
            double eps,
            Tensor stats,
            Epilogue epilogue,
            Tensor y);

    /** Backward of {@link #groupNormForward}; arguments as in {@link #batchNormBackward}. */
    void groupNormBackward(
            int batch,
            int groups,
            Tensor x,
            Tensor gain,
            Tensor stats,
            Epilogue epilogue,
            Tensor y,
            Tensor dy,
            Tensor dx,
            Tensor dSkip,
            boolean addToSkip,
            Tensor dGain,
            Tensor dBias,
            boolean accumulate);

    /**
     * No normalisation: v = factors[b] · (x + bias).
     *
     * @param bias [C] or null
     * @param factors [B], one for each image, or null for 1
     */
    void shiftForward(int batch, Tensor x, Tensor bias, Tensor factors, Epilogue epilogue, Tensor y);

    /** Backward of {@link #shiftForward}; arguments as in {@link #batchNormBackward}; dBias may be null. */
    void shiftBackward(
            int batch,
            Tensor factors,
            Epilogue epilogue,
            Tensor y,
            Tensor dy,
            Tensor dx,
            Tensor dSkip,
            boolean addToSkip,
            Tensor dBias,
            boolean accumulate);

    /** y = x · sigmoid(gates) (squeeze and excitation, arXiv 1709.01507). gates is [B, C]; y may be x. */
    void gateForward(int batch, Tensor x, Tensor gates, Tensor y);

    /** Backward of {@link #gateForward}: overwrites dx, which may be dy, and dGates [B, C]. */
    void gateBackward(int batch, Tensor x, Tensor gates, Tensor dy, Tensor dx, Tensor dGates);

    /** y[b] = mean of image b by channel. x is [B, H, W, C], y [B, C]. */
    void globalAverageForward(int batch, Tensor x, Tensor y);

    /** Backward of {@link #globalAverageForward}. */
    void globalAverageBackward(int batch, Tensor dy, Tensor dx, boolean addToDx);

    /** y = mean of each window; padding is not counted. */
    void averagePoolForward(WindowShape s, Tensor x, Tensor y);

    /** Backward of {@link #averagePoolForward}. */
    void averagePoolBackward(WindowShape s, Tensor dy, Tensor dx, boolean addToDx);

    /**
     * y = maximum of each window; padding is never one.
     *
     * @param winners INT32, as y, receives the pixel of the image that won, the first of equals
     */
    void maxPoolForward(WindowShape s, Tensor x, Tensor y, Tensor winners);

    /** Backward of {@link #maxPoolForward}: overwrites dx. */
    void maxPoolBackward(WindowShape s, Tensor dy, Tensor winners, Tensor dx);
}
