package org.windtunnel.interop.dl4j;

import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.TrainSpec.Loss;
import org.windtunnel.nn.Losses;
import org.windtunnel.tensor.Tensor;

/**
 * The harness's loss as the loss function of a graph's output layer, on what that layer computes before its activation.
 * Deeplearning4j adds up the gradients of all examples; the factor of the mean is in them already.
 */
final class GraphLoss implements ILossFunction {
    private static final long serialVersionUID = 1L;

    private final transient Backend backend;
    private final transient Tensor logits;
    private final transient Tensor targets;
    private final Loss loss;
    private final double[] sums = new double[3];
    private double gradScale;
    private double zWeight;

    /** @param logits [B, classes], overwritten in every pass @param targets INT32 [B] */
    GraphLoss(Backend backend, Tensor logits, Tensor targets, Loss loss) {
        this.backend = backend;
        this.logits = logits;
        this.targets = targets;
        this.loss = loss;
    }

    /** Sets the factors of the next backward pass. */
    void weigh(double newGradScale, double newZWeight) {
        gradScale = newGradScale;
        zWeight = newZWeight;
    }

    /** Fills {@link #sums} from the logits, which become their gradient if asked for. */
    void run(boolean gradient) {
        Losses.run(backend, loss, logits, targets, zWeight, gradScale, gradient ? logits : null, sums);
    }

    /** Of the last pass, as {@link org.windtunnel.nn.Model} describes them. */
    double[] sums() {
        return sums;
    }

    @Override
    public INDArray computeGradient(INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
        logits.set(GraphArrays.values(preOutput));
        run(true);
        return Nd4j.createFromArray(logits.toDoubles()).castTo(preOutput.dataType()).reshape('c', preOutput.shape());
    }

    /** The graph's own score is not used: the sums are. */
    @Override
    public double computeScore(
            INDArray labels, INDArray preOutput, IActivation activation, INDArray mask, boolean average) {
        return 0;
    }

    @Override
    public INDArray computeScoreArray(INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
        throw new UnsupportedOperationException("scores by example are not computed here");
    }

    @Override
    public Pair<Double, INDArray> computeGradientAndScore(
            INDArray labels, INDArray preOutput, IActivation activation, INDArray mask, boolean average) {
        return Pair.of(0.0, computeGradient(labels, preOutput, activation, mask));
    }

    @Override
    public String name() {
        return "windtunnel";
    }
}
