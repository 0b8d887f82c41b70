package org.windtunnel.peer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.nn.ResNetFamily;
import org.windtunnel.nn.ResNetShape;
import org.windtunnel.nn.ResNetShape.BlockShape;

/** The ResNet in DJL's PyTorch: convolution, batch norm, ReLU and linear are PyTorch's own operations. */
final class TorchResNet extends TorchContestant {
    private static final Shape NONE = new Shape(0, 0);
    private static final Shape ONE = new Shape(1, 1);

    private final ResNetWorkload workload;
    private final ResNetShape shape;
    private final Map<String, NDArray> running = new LinkedHashMap<>();

    TorchResNet(ResNetWorkload workload) {
        super(workload, ResNetFamily.declare(workload.shape()), sgd());
        this.workload = workload;
        this.shape = workload.shape();
        ResNetFamily.declare(shape).stream().filter(spec -> spec.name().matches(".*bn\\d?.weight")).forEach(spec -> {
            String module = spec.name().substring(0, spec.name().length() - ".weight".length());
            running.put(module + ".mean", memory().zeros(new Shape(spec.shape()[0])));
            running.put(module + ".var", memory().ones(new Shape(spec.shape()[0])));
        });
    }

    private static Optimizer sgd() {
        return Optimizer.sgd()
                .setLearningRateTracker(Tracker.fixed((float) ResNetWorkload.SGD.lr()))
                .optMomentum((float) ResNetWorkload.SGD.momentum())
                .optWeightDecays((float) ResNetWorkload.SGD.weightDecay())
                .build();
    }

    @Override
    NDArray loss(NDManager scratch, Batch batch) {
        NDArray x = scratch.create(batch.images(),
                new Shape(workload.batch(), ResNetWorkload.CHANNELS, ResNetWorkload.SIDE, ResNetWorkload.SIDE));
        x = Activation.relu(norm(convolution(x, "conv1", 1), "bn1"));
        for (BlockShape block : shape.blocks()) {
            x = block(x, block);
        }
        NDArray means = Pool.globalAvgPool2d(x);
        NDArray logits = only(Linear.linear(means, parameter("fc.weight"), parameter("fc.bias")));
        return logits.logSoftmax(-1).gather(ids(scratch, batch.targets(), workload.batch(), 1), 1).mean().neg();
    }

    private NDArray block(NDArray x, BlockShape block) {
        String name = "blocks." + block.index() + ".";
        NDArray branch = Activation.relu(norm(convolution(x, name + "conv1", block.stride()), name + "bn1"));
        branch = norm(convolution(branch, name + "conv2", 1), name + "bn2");
        NDArray skip = block.resized()
                ? norm(convolution(x, name + "short_conv", block.stride()), name + "short_bn")
                : x;
        return Activation.relu(branch.add(skip));
    }

    private NDArray convolution(NDArray x, String module, int stride) {
        NDArray filters = parameter(module + ".weight");
        Shape padding = filters.getShape().get(2) == 3 ? ONE : NONE;
        return only(Conv2d.conv2d(x, filters, null, new Shape(stride, stride), padding, ONE));
    }

    /** DJL's momentum is the weight of the old statistics. */
    private NDArray norm(NDArray x, String module) {
        return only(BatchNorm.batchNorm(x, running.get(module + ".mean"), running.get(module + ".var"),
                parameter(module + ".weight"), parameter(module + ".bias"), 1, (float) (1 - shape.normMomentum()),
                (float) shape.normEps(), true));
    }
}
