package org.windtunnel.nn;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.TrainSpec.Loss;
import org.windtunnel.nn.ResNetShape.Block;
import org.windtunnel.nn.ResNetShape.Norm;
import org.windtunnel.nn.ResNetShape.Order;
import org.windtunnel.nn.ResNetShape.Shortcut;
import org.windtunnel.nn.ResNetShape.Stem;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.Rng;

/** One combination of a residual network's options, at small sizes. */
record ResNetCase(String name, ResNetShape shape, ForwardMultipliers multipliers, Loss loss) {
    private static final ForwardMultipliers PLAIN = ForwardMultipliers.standard(1);
    private static final ForwardMultipliers SCALED = new ForwardMultipliers(1, 1, 0.6, 0.8);

    static List<ResNetCase> all() {
        ResNetShape post = shape(Block.BASIC, Order.POST_ACTIVATION, Shortcut.B, Norm.BATCH, Stem.SMALL);
        ResNetShape pre = shape(Block.BASIC, Order.PRE_ACTIVATION, Shortcut.B, Norm.BATCH, Stem.SMALL);
        ResNetShape narrow = shape(Block.BOTTLENECK, Order.POST_ACTIVATION, Shortcut.A, Norm.GROUP, Stem.LARGE);
        ResNetShape preNarrow = shape(Block.BOTTLENECK, Order.PRE_ACTIVATION, Shortcut.B, Norm.GROUP, Stem.SMALL);
        ResNetShape free = shape(Block.BASIC, Order.PRE_ACTIVATION, Shortcut.A, Norm.NONE, Stem.SMALL);
        ResNetShape freePost = shape(Block.BASIC, Order.POST_ACTIVATION, Shortcut.B, Norm.NONE, Stem.SMALL);
        ResNetShape deep = shape(Block.BOTTLENECK, Order.POST_ACTIVATION, Shortcut.B, Norm.BATCH, Stem.DEEP);
        return List.of(
                new ResNetCase("post-activation, batch norm", post, PLAIN, Loss.CROSS_ENTROPY),
                new ResNetCase("pre-activation, batch norm, multipliers", pre, SCALED, Loss.CROSS_ENTROPY),
                new ResNetCase("bottlenecks, group norm, option A, 7x7 stem, squared error", narrow, PLAIN, Loss.MSE),
                new ResNetCase("pre-activation bottlenecks, group norm, multipliers", preNarrow, SCALED, Loss.CROSS_ENTROPY),
                new ResNetCase("pre-activation without norms, option A, scaled branches", scaled(free, 0.5), SCALED, Loss.MSE),
                new ResNetCase("post-activation without norms, scaled branches", scaled(freePost, 0.5), PLAIN,
                        Loss.CROSS_ENTROPY),
                new ResNetCase("ResNet-RS: D stem and shortcuts, squeeze and excitation, drop path", resNetRs(deep), PLAIN,
                        Loss.CROSS_ENTROPY),
                new ResNetCase("pre-activation, squeeze and excitation, drop path, pooled shortcuts", resNetRs(pre), SCALED,
                        Loss.CROSS_ENTROPY));
    }

    /** A plain network with drop path. */
    static ResNetCase dropping(int width) {
        ResNetShape s = shape(Block.BASIC, Order.POST_ACTIVATION, Shortcut.B, Norm.BATCH, Stem.SMALL);
        ResNetShape wide = new ResNetShape(s.block(), s.order(), s.depths(), width, s.shortcut(), s.norm(), 1, 1,
                s.stem(), false, 0, 0.4, 0, s.normEps(), s.normMomentum(), s.channels(), s.height(), s.imageWidth(), s.classes());
        return new ResNetCase("drop path", wide, PLAIN, Loss.CROSS_ENTROPY);
    }

    private static ResNetShape shape(Block block, Order order, Shortcut shortcut, Norm norm, Stem stem) {
        int side = stem == Stem.SMALL ? 6 : 16;
        return new ResNetShape(block, order, List.of(2, 1), 4, shortcut, norm, 2, 1, stem, false, 0, 0, 0, 1e-5, 0.1, 3,
                side, side + 2 * (stem == Stem.SMALL ? 1 : 4), 5);
    }

    private static ResNetShape scaled(ResNetShape s, double scale) {
        return new ResNetShape(s.block(), s.order(), s.depths(), s.width(), s.shortcut(), s.norm(), s.groups(), scale,
                s.stem(), false, 0, 0, 0, s.normEps(), s.normMomentum(), s.channels(), s.height(), s.imageWidth(), s.classes());
    }

    private static ResNetShape resNetRs(ResNetShape s) {
        return new ResNetShape(s.block(), s.order(), s.depths(), s.width(), s.shortcut(), s.norm(), s.groups(), 1, s.stem(),
                true, 0.25, 0.4, 0, s.normEps(), s.normMomentum(), s.channels(), s.height(), s.imageWidth(), s.classes());
    }

    /** The model with random weights, gains around 1, and a random micro-batch. */
    ResNet build(Backend backend, int batch, Arena arena) {
        ResNet model = new ResNet(backend, shape, multipliers, batch, arena);
        model.setLoss(loss);
        model.setSeed(11);
        model.draw(0);
        List<ParamSpec> specs = model.parameters().specs();
        double[] mean = specs.stream().mapToDouble(s -> s.role() == Role.NORM_GAIN ? 1 : 0).toArray();
        double[] std = specs.stream().mapToDouble(s -> s.shape().length > 1 ? Math.sqrt(2.0 / s.fanIn()) : 0.2).toArray();
        Initializer.fill(model.parameters(), mean, std, new boolean[mean.length], 5);
        fill(model, 0, batch);
        return model;
    }

    /** Fills the inputs with images {@code first} to {@code first + count} of a fixed random set. */
    void fill(ResNet model, int first, int count) {
        Rng rng = new Rng(7, 8);
        int size = shape.channels() * shape.height() * shape.imageWidth();
        double[] images = new double[count * size];
        for (int i = 0; i < images.length; i++) {
            images[i] = (float) rng.gaussian((long) first * size + i);
        }
        int[] targets = new int[count];
        for (int i = 0; i < count; i++) {
            targets[i] = (first + i) * 3 % shape.classes();
        }
        model.inputs().set(images);
        model.targets().set(targets);
    }

    static Arena arena(Backend backend) {
        return Arena.of(backend::allocate, backend.floatType());
    }

    /** Copies of the tensors that are no parameters, to be put back with {@link #restore}. */
    static double[][] buffers(ResNet model) {
        return model.buffers().values().stream().map(t -> t.toDoubles()).toArray(double[][]::new);
    }

    static void restore(ResNet model, double[][] saved) {
        int i = 0;
        for (var tensor : model.buffers().values()) {
            tensor.set(saved[i++]);
        }
    }

    /** Every gradient, by name. */
    static Map<String, double[]> gradients(ResNet model) {
        Map<String, double[]> found = new LinkedHashMap<>();
        model.parameters().specs().forEach(s -> found.put(s.name(), model.parameters().gradient(s.name()).toDoubles()));
        return found;
    }

    static double largest(double[] values) {
        return Arrays.stream(values).map(Math::abs).max().orElse(0);
    }

    @Override
    public String toString() {
        return name;
    }
}
