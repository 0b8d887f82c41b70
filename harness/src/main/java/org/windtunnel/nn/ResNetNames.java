package org.windtunnel.nn;

import org.windtunnel.nn.ResNetShape.Norm;
import org.windtunnel.nn.ResNetShape.Shortcut;

/**
 * Module names of a residual network: {@code conv1}, {@code blocks.0.bn1}, {@code fc}. A norm is {@code bn}, {@code gn},
 * or {@code shift} where there is a bias only.
 */
public record ResNetNames(ResNetShape shape) {

    public static String weight(String module) {
        return module + ".weight";
    }

    public static String bias(String module) {
        return module + ".bias";
    }

    public static String block(int index) {
        return "blocks." + index;
    }

    public String norm(String suffix) {
        return switch (shape.norm()) {
            case BATCH -> "bn";
            case GROUP -> "gn";
            case NONE -> "shift";
        } + suffix;
    }

    /** Convolution i of a block, counted from 0. */
    public static String convolution(int block, int i) {
        return block(block) + ".conv" + (i + 1);
    }

    /** The norm that belongs to it. */
    public String norm(int block, int i) {
        return block(block) + "." + norm(Integer.toString(i + 1));
    }

    public static String shortcut(int block) {
        return block(block) + ".short_conv";
    }

    public String shortcutNorm(int block) {
        return block(block) + ".short_" + norm("");
    }

    public static String squeeze(int block, int i) {
        return block(block) + ".se.fc" + (i + 1);
    }

    /** Convolution i of the stem; the last, or only, one is {@code conv1}. */
    public String stem(int i) {
        return i == stemConvolutions() - 1 ? "conv1" : "stem.conv" + (i + 1);
    }

    public String stemNorm(int i) {
        return i == stemConvolutions() - 1 ? norm("1") : "stem." + norm(Integer.toString(i + 1));
    }

    public int stemConvolutions() {
        return shape.stem() == ResNetShape.Stem.DEEP ? 3 : 1;
    }

    /** Whether the norm of stem convolution i exists: a pre-activation network has none after the last. */
    public boolean hasStemNorm(int i) {
        return i < stemConvolutions() - 1 || shape.order() == ResNetShape.Order.POST_ACTIVATION;
    }

    /** Whether a block's shortcut has parameters. */
    public boolean projects(ResNetShape.BlockShape block) {
        return block.resized() && shape.shortcut() == Shortcut.B;
    }

    /** Whether a projection is followed by a norm. */
    public boolean normalisesShortcut() {
        return shape.order() == ResNetShape.Order.POST_ACTIVATION;
    }

    public boolean hasGain() {
        return shape.norm() != Norm.NONE;
    }
}
