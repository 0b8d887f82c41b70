package org.windtunnel.peer;

import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.Model;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.ResNet;
import org.windtunnel.nn.ResNetShape;
import org.windtunnel.nn.Role;
import org.windtunnel.tensor.Allocator;

/**
 * A CIFAR ResNet (post-activation, batch norm, projection shortcuts) on 32×32 colour images, trained with SGD with
 * momentum.
 *
 * @param depth layers: 20, 32, ...
 * @param width channels of the first stage
 * @param batch images of a step
 */
record ResNetWorkload(int depth, int width, int batch) implements Workload {
    static final int SIDE = 32;
    static final int CHANNELS = 3;
    static final int CLASSES = 10;
    static final OptimizerSpec.Sgd SGD = new OptimizerSpec.Sgd(0.002, 0.9, 0, false, 5e-4, Decayed.ALL);

    private static final Pattern TEXT = Pattern.compile("resnet(\\d+)x(\\d+),(\\d+)");

    /** Reads {@code resnet20x16,B}: depth, width, batch. @throws IllegalArgumentException if it is something else */
    static ResNetWorkload parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("expected a ResNet as resnetDEPTHxWIDTH,BATCH, found '" + text + "'");
        }
        return new ResNetWorkload(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)),
                Integer.parseInt(matcher.group(3)));
    }

    ResNetShape shape() {
        return ResNetShape.cifar(depth, width);
    }

    @Override
    public int rows() {
        return batch;
    }

    /** A shade and a stripe that depend on the class, and noise. */
    @Override
    public Batch batch(long step) {
        SplittableRandom random = new SplittableRandom(step);
        int[] targets = new int[batch];
        float[] images = new float[batch * CHANNELS * SIDE * SIDE];
        for (int b = 0; b < batch; b++) {
            targets[b] = random.nextInt(CLASSES);
            for (int i = 0; i < CHANNELS * SIDE * SIDE; i++) {
                int row = i / SIDE % SIDE;
                double signal = 0.1 * targets[b] - 0.5 + (row / 3 == targets[b] ? 0.5 : 0);
                images[b * CHANNELS * SIDE * SIDE + i] = (float) (signal + random.nextDouble() - 0.5);
            }
        }
        return new Batch(null, images, targets);
    }

    @Override
    public OptimizerSpec optimizer() {
        return SGD;
    }

    @Override
    public ForwardMultipliers multipliers() {
        return ForwardMultipliers.standard(1);
    }

    @Override
    public double initStd(ParamSpec spec) {
        return Math.sqrt((spec.role() == Role.READOUT ? 1.0 : 2.0) / spec.fanIn());
    }

    @Override
    public Model model(Backend backend, Allocator memory) {
        return new ResNet(backend, shape(), multipliers(), batch, memory);
    }

    @Override
    public Contestant torch() {
        return new TorchResNet(this);
    }

    @Override
    public String toString() {
        return "resnet" + depth + "x" + width + "," + batch;
    }
}
