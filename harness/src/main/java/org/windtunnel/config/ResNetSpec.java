package org.windtunnel.config;

import java.util.List;

/** Residual networks for images: CIFAR-style, and the options of ResNet-RS. */
@Variant(value = "resnet", doc = "Residual networks of images: CIFAR-style depths, pre- or post-activation, basic or bottleneck "
        + "blocks, and the options of ResNet-RS")
public record ResNetSpec(
        @Key(value = "Layers of a CIFAR network of three stages: 6 n + 2 (8, 14, 20, 32, 44, ...) of basic blocks, 9 n + 2 of "
                        + "bottlenecks; give this or blocks", def = Key.NONE, unit = "layers")
                @Range(min = 1) Integer depth,
        @Key(value = "Blocks of each stage; give this or depth", def = Key.NONE) @Range(min = 1) List<Integer> blocks,
        @Key(value = "Channels of the first stage, 16 in the paper; every further stage has twice as many", unit = "channels")
                @Range(min = 1) int width,
        @Key(value = "basic (two 3 x 3 convolutions) or bottleneck (1 x 1, 3 x 3, 1 x 1 to four times the channels)",
                        def = "basic")
                Block block,
        @Key(value = "Norm and ReLU before each convolution instead of after it (arXiv 1603.05027)", def = "false")
                boolean preact,
        @Key(value = "batch, group, or none: a bias in place of each norm", def = "batch") Norm norm,
        @Key(value = "Groups of norm group; must divide the width", def = "1") @Range(min = 1) int groups,
        @Key(value = "Where sizes change: a (zero padding) or b (1 x 1 convolution)", def = "b") Shortcut shortcut,
        @Key(value = "small (3 x 3), large (7 x 7 of stride 2, pooling) or deep (ResNet-D's); none: small up to 64 pixels",
                        def = Key.NONE)
                Stem stem,
        @Key(value = "ResNet-D shortcuts: 2 x 2 average pooling before the 1 x 1 convolution", def = "false")
                boolean averageDownsample,
        @Key(value = "Squeeze and excitation: hidden units per channel; 0: none", def = "0") @Range(min = 0, max = 1)
                double squeezeRatio,
        @Key(value = "Stochastic depth: rate at the last block, rising from 0 at the first", def = "0")
                @Range(min = 0, max = 1, belowMax = true) double dropPath,
        @Key(value = "Share of the training target that is spread evenly over the classes", def = "0")
                @Range(min = 0, max = 1, belowMax = true) double labelSmoothing,
        @Key(value = "Factor on every branch, beside the parameterization's", def = "1") @Range(min = 0) double residualScale,
        @Key(value = "Epsilon inside the normalisation", def = "1e-5") @Range(min = 0, aboveMin = true) double normEps,
        @Key(value = "Weight of a batch in the running statistics", def = "0.1") @Range(min = 0, aboveMin = true, max = 1)
                double normMomentum)
        implements ModelSpec {

    @Override
    public int unitsPerExample() {
        return 1;
    }

    @Override
    public String unit() {
        return "images";
    }

    @Override
    public ResNetSpec withWidth(int other) {
        return new ResNetSpec(depth, blocks, other, block, preact, norm, groups, shortcut, stem, averageDownsample,
                squeezeRatio, dropPath, labelSmoothing, residualScale, normEps, normMomentum);
    }

    @Override
    public void requireConsistent() {
        if ((depth == null) == (blocks == null)) {
            throw new ConfigException("model: expected exactly one of depth and blocks, found "
                    + (depth == null ? "neither" : "both"));
        }
    }

    /** As in the config. */
    public enum Block {
        BASIC,
        BOTTLENECK
    }

    /** As in the config. */
    public enum Norm {
        BATCH,
        GROUP,
        NONE
    }

    /** As in the config. */
    public enum Shortcut {
        A,
        B
    }

    /** As in the config. */
    public enum Stem {
        SMALL,
        LARGE,
        DEEP
    }
}
