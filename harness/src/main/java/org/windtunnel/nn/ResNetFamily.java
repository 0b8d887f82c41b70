package org.windtunnel.nn;

import java.util.ArrayList;
import java.util.List;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.config.TrainSpec.Loss;
import org.windtunnel.nn.ResNetShape.Block;
import org.windtunnel.nn.ResNetShape.BlockShape;
import org.windtunnel.nn.ResNetShape.Order;
import org.windtunnel.tensor.Allocator;

/** Declares the parameters of a residual network, in memory order. */
public final class ResNetFamily implements Family {
    /** The linear layer that puts out the logits. */
    public static final String READOUT = "fc";

    private final ResNetShape shape;
    private final ResNetNames names;
    private final List<ParamSpec> specs = new ArrayList<>();

    public ResNetFamily(ResNetShape shape) {
        this.shape = shape;
        this.names = new ResNetNames(shape);
        declare();
    }

    /** All parameters: stem, blocks, the last norm of pre-activation networks, readout. */
    public static List<ParamSpec> declare(ResNetShape shape) {
        return new ResNetFamily(shape).parameters();
    }

    public ResNetShape shape() {
        return shape;
    }

    @Override
    public List<ParamSpec> parameters() {
        return List.copyOf(specs);
    }

    /** Residual blocks. */
    @Override
    public int depth() {
        return shape.blockCount();
    }

    @Override
    public int unitsPerExample() {
        return 1;
    }

    @Override
    public double flopsPerUnit() {
        return flopsPerExample(shape);
    }

    @Override
    public ResNet build(
            Backend backend, ForwardMultipliers multipliers, int microBatch, Loss loss, long seed, Allocator memory) {
        ResNet model = new ResNet(backend, shape, multipliers, microBatch, memory);
        model.setLoss(loss);
        model.setSeed(seed);
        return model;
    }

    /**
     * Floating-point operations of a training step per image, counting convolutions and linear layers only (a
     * multiply-add is two, backward twice the forward pass).
     */
    public static double flopsPerExample(ResNetShape shape) {
        double macs = 0;
        for (WindowShape s : stem(shape, 1)) {
            macs += macs(s);
        }
        for (BlockShape b : shape.blocks()) {
            for (int i = 0; i < shape.block().convolutions(); i++) {
                macs += macs(convolution(shape, b, i, 1));
            }
            if (new ResNetNames(shape).projects(b)) {
                macs += (double) b.in() * b.out() * b.outHeight() * b.outWidth();
            }
            if (shape.squeezeRatio() > 0) {
                macs += 2.0 * b.out() * shape.squeezed(b);
            }
        }
        return 6 * (macs + (double) shape.lastWidth() * shape.classes());
    }

    private static double macs(WindowShape s) {
        return (double) s.outSize() * s.in() * s.kernel() * s.kernel();
    }

    /** The convolutions of the stem. */
    public static List<WindowShape> stem(ResNetShape s, int batch) {
        int h = s.height();
        int w = s.imageWidth();
        return switch (s.stem()) {
            case SMALL -> List.of(new WindowShape(batch, h, w, s.channels(), s.width(), 3, 1, 1));
            case LARGE -> List.of(new WindowShape(batch, h, w, s.channels(), s.width(), 7, 2, 3));
            case DEEP -> {
                int half = s.width() / 2;
                int h2 = (h - 1) / 2 + 1;
                int w2 = (w - 1) / 2 + 1;
                yield List.of(
                        new WindowShape(batch, h, w, s.channels(), half, 3, 2, 1),
                        new WindowShape(batch, h2, w2, half, half, 3, 1, 1),
                        new WindowShape(batch, h2, w2, half, s.width(), 3, 1, 1));
            }
        };
    }

    /** Convolution i of a block's branch. */
    public static WindowShape convolution(ResNetShape s, BlockShape b, int i, int batch) {
        if (s.block() == Block.BASIC) {
            return i == 0
                    ? new WindowShape(batch, b.height(), b.width(), b.in(), b.inner(), 3, b.stride(), 1)
                    : new WindowShape(batch, b.outHeight(), b.outWidth(), b.inner(), b.out(), 3, 1, 1);
        }
        return switch (i) {
            case 0 -> new WindowShape(batch, b.height(), b.width(), b.in(), b.inner(), 1, 1, 0);
            case 1 -> new WindowShape(batch, b.height(), b.width(), b.inner(), b.inner(), 3, b.stride(), 1);
            default -> new WindowShape(batch, b.outHeight(), b.outWidth(), b.inner(), b.out(), 1, 1, 0);
        };
    }

    private void declare() {
        List<WindowShape> stem = stem(shape, 1);
        for (int i = 0; i < stem.size(); i++) {
            convolution(names.stem(i), i == 0 ? Role.STEM : Role.HIDDEN, stem.get(i), -1, false);
            if (names.hasStemNorm(i)) {
                norm(names.stemNorm(i), stem.get(i).out(), -1);
            }
        }
        shape.blocks().forEach(this::block);
        if (shape.order() == Order.PRE_ACTIVATION) {
            norm(names.norm("_f"), shape.lastWidth(), -1);
        }
        linear(READOUT, Role.READOUT, shape.lastWidth(), shape.classes(), -1);
    }

    private void block(BlockShape b) {
        int layer = b.index();
        int count = shape.block().convolutions();
        for (int i = 0; i < count; i++) {
            WindowShape s = convolution(shape, b, i, 1);
            boolean last = i == count - 1;
            if (shape.order() == Order.PRE_ACTIVATION) {
                norm(names.norm(layer, i), s.in(), layer);
                convolution(ResNetNames.convolution(layer, i), Role.HIDDEN, s, layer, last);
            } else {
                convolution(ResNetNames.convolution(layer, i), Role.HIDDEN, s, layer, last);
                norm(names.norm(layer, i), s.out(), layer);
            }
        }
        if (shape.squeezeRatio() > 0) {
            linear(ResNetNames.squeeze(layer, 0), Role.HIDDEN, b.out(), shape.squeezed(b), layer);
            linear(ResNetNames.squeeze(layer, 1), Role.HIDDEN, shape.squeezed(b), b.out(), layer);
        }
        if (names.projects(b)) {
            WindowShape s = new WindowShape(1, b.height(), b.width(), b.in(), b.out(), 1, 1, 0);
            convolution(ResNetNames.shortcut(layer), Role.HIDDEN, s, layer, false);
            if (names.normalisesShortcut()) {
                norm(names.shortcutNorm(layer), b.out(), layer);
            }
        }
    }

    private void convolution(String module, Role role, WindowShape s, int layer, boolean residual) {
        int[] filters = {s.out(), s.in(), s.kernel(), s.kernel()};
        int fanIn = s.in() * s.kernel() * s.kernel();
        specs.add(new ParamSpec(ResNetNames.weight(module), role, filters, fanIn, s.out(), layer, residual));
    }

    private void norm(String module, int width, int layer) {
        if (names.hasGain()) {
            specs.add(new ParamSpec(
                    ResNetNames.weight(module), Role.NORM_GAIN, new int[] {width}, width, width, layer, false));
        }
        specs.add(new ParamSpec(ResNetNames.bias(module), Role.BIAS, new int[] {width}, width, width, layer, false));
    }

    private void linear(String module, Role role, int in, int out, int layer) {
        specs.add(new ParamSpec(ResNetNames.weight(module), role, new int[] {out, in}, in, out, layer, false));
        specs.add(new ParamSpec(ResNetNames.bias(module), Role.BIAS, new int[] {out}, in, out, layer, false));
    }
}
