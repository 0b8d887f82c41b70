package org.windtunnel.nn;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ResNetSpec;

/**
 * Every size and option of a residual network, resolved.
 *
 * <p>Stage s has {@code depths[s]} blocks at width · 2^s channels (times {@link Block#expansion()} between blocks); each
 * stage but the first begins with a block of stride 2.
 *
 * @param block basic or bottleneck
 * @param order where norm and ReLU stand
 * @param depths blocks of each stage
 * @param width channels of the first stage, width multiplier included
 * @param shortcut where a block changes the number of channels or pixels
 * @param norm after (or before) every convolution of the blocks
 * @param groups of {@link Norm#GROUP}: a divisor of every normalised width
 * @param residualScale factor on every branch, beside the parameterization's residual multiplier
 * @param stem what comes before the first stage
 * @param averageDownsample ResNet-D shortcuts: 2×2 average pooling, then a 1×1 convolution of stride 1
 * @param squeezeRatio hidden units of squeeze and excitation per channel of the block, 0 for none
 * @param dropPath rate of stochastic depth at the last block, rising linearly from the first; 0 for none
 * @param labelSmoothing share of the target that is spread evenly over the classes, 0 for none
 * @param normEps inside the square root of the norms
 * @param normMomentum weight of a batch in the running statistics, as in PyTorch
 * @param channels of the images; height and imageWidth are their pixels
 * @param classes outputs
 */
public record ResNetShape(
        Block block,
        Order order,
        List<Integer> depths,
        int width,
        Shortcut shortcut,
        Norm norm,
        int groups,
        double residualScale,
        Stem stem,
        boolean averageDownsample,
        double squeezeRatio,
        double dropPath,
        double labelSmoothing,
        double normEps,
        double normMomentum,
        int channels,
        int height,
        int imageWidth,
        int classes) {

    /** The branch of a block. */
    public enum Block {
        /** Two 3×3 convolutions. */
        BASIC,
        /** 1×1, 3×3 (with the stride) and 1×1 to four times as many channels. */
        BOTTLENECK;

        /** Channels that a block puts out, per channel of its stage. */
        public int expansion() {
            return this == BASIC ? 1 : 4;
        }

        /** Convolutions of the branch. */
        public int convolutions() {
            return this == BASIC ? 2 : 3;
        }
    }

    /** Order of convolution, norm and ReLU. */
    public enum Order {
        /** Convolution, norm, ReLU; ReLU after the sum (arXiv 1512.03385). */
        POST_ACTIVATION,
        /** Norm, ReLU, convolution; nothing after the sum, and a last norm and ReLU before pooling (arXiv 1603.05027). */
        PRE_ACTIVATION
    }

    /** What stands in for the identity where sizes change. */
    public enum Shortcut {
        /** Every second pixel, channels padded with zeros on both sides. */
        A,
        /** A 1×1 convolution, with a norm of its own in post-activation networks. */
        B
    }

    /** Normalisation. */
    public enum Norm {
        BATCH,
        GROUP,
        /** A bias by channel in place of each norm. */
        NONE
    }

    /** First layers. */
    public enum Stem {
        /** One 3×3 convolution: images of 28×28 or 32×32. */
        SMALL,
        /** A 7×7 convolution of stride 2, then 3×3 max pooling of stride 2: larger images. */
        LARGE,
        /** ResNet-D (arXiv 1812.01187): three 3×3 convolutions, the first of stride 2, in place of LARGE's one. */
        DEEP;

        /** The stem that suits images of a size. */
        public static Stem of(int height, int width) {
            return Math.min(height, width) <= 64 ? SMALL : LARGE;
        }
    }

    /**
     * One block's place in the network.
     *
     * @param index counted through all stages
     * @param in channels that go in
     * @param inner channels between the convolutions
     * @param out channels that come out
     * @param height of the images that go in; width likewise
     */
    public record BlockShape(int index, int in, int inner, int out, int stride, int height, int width) {
        /** Whether the shortcut is no identity. */
        public boolean resized() {
            return stride != 1 || in != out;
        }

        public int outHeight() {
            return (height - 1) / stride + 1;
        }

        public int outWidth() {
            return (width - 1) / stride + 1;
        }
    }

    /** @throws ConfigException if the sizes do not fit together */
    public ResNetShape {
        depths = List.copyOf(depths);
        positive("width", width);
        positive("number of stages", depths.size());
        depths.forEach(d -> positive("number of blocks in each stage", d));
        positive("number of image channels", channels);
        positive("image height", height);
        positive("image width", imageWidth);
        positive("number of classes", classes);
        fraction("drop_path", dropPath);
        fraction("label_smoothing", labelSmoothing);
        if (!(squeezeRatio >= 0 && squeezeRatio <= 1)) {
            throw new ConfigException("model: expected a squeeze ratio in [0, 1], found " + squeezeRatio);
        }
        if (!(normEps >= 0)) {
            throw new ConfigException("model: expected norm_eps >= 0, found " + normEps);
        }
        if (!(normMomentum > 0 && normMomentum <= 1)) {
            throw new ConfigException("model: expected norm_momentum in (0, 1], found " + normMomentum);
        }
        if (norm == Norm.GROUP && (groups < 1 || width % groups != 0)) {
            throw new ConfigException(
                    "model: expected a number of groups that divides width " + width + ", found " + groups);
        }
        if (stem == Stem.DEEP && width % 2 != 0) {
            throw new ConfigException("model: the deep stem halves the width; expected an even one, found " + width);
        }
        if (norm == Norm.GROUP && stem == Stem.DEEP && width / 2 % groups != 0) {
            throw new ConfigException(
                    "model: expected groups that divide half of width " + width + ", found " + groups);
        }
    }

    /**
     * The network of He et al. for CIFAR (arXiv 1512.03385, section 4.2): three stages of (depth - 2) / 6 basic blocks,
     * post-activation, batch norm, projections.
     *
     * @param depth layers with weights: 20, 32, 44, 56, 110, ...
     * @param width channels of the first stage, 16 in the paper
     * @throws ConfigException if no such network has that depth
     */
    public static ResNetShape cifar(int depth, int width) {
        return new ResNetShape(Block.BASIC, Order.POST_ACTIVATION, cifarDepths(depth, Block.BASIC), width, Shortcut.B,
                Norm.BATCH, 1, 1, Stem.SMALL, false, 0, 0, 0, 1e-5, 0.1, 3, 32, 32, 10);
    }

    /**
     * The shape of a configured network.
     *
     * @param channels of the images; height and imageWidth are their pixels
     * @throws ConfigException if the sizes do not fit together
     */
    public static ResNetShape of(ResNetSpec s, int channels, int height, int imageWidth, int classes) {
        s.requireConsistent();
        Block block = Block.valueOf(s.block().name());
        List<Integer> depths = s.blocks() != null ? s.blocks() : cifarDepths(s.depth(), block);
        Stem stem = s.stem() == null ? Stem.of(height, imageWidth) : Stem.valueOf(s.stem().name());
        return new ResNetShape(block, s.preact() ? Order.PRE_ACTIVATION : Order.POST_ACTIVATION, depths, s.width(),
                Shortcut.valueOf(s.shortcut().name()), Norm.valueOf(s.norm().name()), s.groups(), s.residualScale(), stem,
                s.averageDownsample(), s.squeezeRatio(), s.dropPath(), s.labelSmoothing(), s.normEps(), s.normMomentum(),
                channels, height, imageWidth, classes);
    }

    /** ResNet-20, 32, 44, ... with 16 channels in the first stage. */
    public static ResNetShape of(int depth) {
        return cifar(depth, 16);
    }

    /**
     * Blocks of the three stages of a CIFAR network of a depth: 6 n + 2 layers of basic blocks, 9 n + 2 of bottlenecks.
     *
     * @throws ConfigException if no such network has that depth
     */
    public static List<Integer> cifarDepths(int depth, Block block) {
        int perBlock = 3 * block.convolutions();
        if (depth < perBlock + 2 || (depth - 2) % perBlock != 0) {
            throw new ConfigException("model: expected a depth of " + perBlock + " n + 2 layers (" + (perBlock + 2) + ", "
                    + (2 * perBlock + 2) + ", " + (3 * perBlock + 2) + ", ...), found " + depth);
        }
        return Collections.nCopies(3, (depth - 2) / perBlock);
    }

    /** Channels of the first stage: a base width times a multiplier, rounded, at least 1. */
    public static int scaledWidth(int base, double multiplier) {
        return (int) Math.max(1, Math.round(base * multiplier));
    }

    private static void positive(String what, int value) {
        if (value <= 0) {
            throw new ConfigException("model: expected a positive " + what + ", found " + value);
        }
    }

    private static void fraction(String what, double value) {
        if (!(value >= 0 && value < 1)) {
            throw new ConfigException("model: expected " + what + " in [0, 1), found " + value);
        }
    }

    /** All residual blocks, in order. */
    public List<BlockShape> blocks() {
        List<BlockShape> blocks = new ArrayList<>();
        int in = width;
        int h = stemHeight(height);
        int w = stemHeight(imageWidth);
        for (int stage = 0; stage < depths.size(); stage++) {
            int inner = Math.multiplyExact(width, 1 << stage);
            for (int i = 0; i < depths.get(stage); i++) {
                int stride = stage > 0 && i == 0 ? 2 : 1;
                BlockShape b = new BlockShape(blocks.size(), in, inner, inner * block.expansion(), stride, h, w);
                if (averageDownsample && stride == 2 && (h % 2 != 0 || w % 2 != 0)) {
                    throw new ConfigException("model: average_downsample needs images whose sides stay even, found " + h
                            + "x" + w + " before block " + blocks.size());
                }
                blocks.add(b);
                in = b.out();
                h = b.outHeight();
                w = b.outWidth();
            }
        }
        return blocks;
    }

    /** Pixels of a side after the stem. */
    private int stemHeight(int side) {
        int half = (side - 1) / 2 + 1;
        return stem == Stem.SMALL ? side : (half - 1) / 2 + 1;
    }

    /** Number of residual blocks L. */
    public int blockCount() {
        return depths.stream().mapToInt(Integer::intValue).sum();
    }

    /** Channels of the last block, which feed the readout. */
    public int lastWidth() {
        return width * (1 << depths.size() - 1) * block.expansion();
    }

    /** Hidden units of squeeze and excitation in a block. */
    public int squeezed(BlockShape b) {
        return (int) Math.max(1, Math.round(b.out() * squeezeRatio));
    }

    /** The same network with other channels in its first stage: a member of a width family. */
    public ResNetShape withWidth(int newWidth) {
        return new ResNetShape(block, order, depths, newWidth, shortcut, norm, groups, residualScale, stem,
                averageDownsample, squeezeRatio, dropPath, labelSmoothing, normEps, normMomentum, channels, height,
                imageWidth, classes);
    }
}
