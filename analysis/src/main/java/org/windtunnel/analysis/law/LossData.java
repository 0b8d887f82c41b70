package org.windtunnel.analysis.law;

import java.util.Arrays;
import java.util.List;
import org.windtunnel.analysis.AnalysisException;

/** Points to fit: inputs x by point as their law encodes them, y = ln loss, and the scale of the residuals. */
public final class LossData {
    private final List<String> inputs;
    private final double[][] x;
    private final double[] y;
    private final Scale scale;
    private final double[] target;

    private LossData(List<String> inputs, double[][] x, double[] y, Scale scale) {
        this.inputs = inputs;
        this.x = x;
        this.y = y;
        this.scale = scale;
        target = Arrays.stream(y).map(scale::of).toArray();
    }

    /**
     * Data of a law, residuals on the scale that it is published with.
     *
     * @param values inputs by point in their natural unit
     * @param loss losses by point, positive, nats per token
     * @throws AnalysisException if a value is not positive and finite
     */
    public static LossData of(Law law, double[][] values, double[] loss) {
        double[][] x = new double[values.length][];
        double[] y = new double[loss.length];
        for (int i = 0; i < values.length; i++) {
            try {
                x[i] = law.encode(values[i]);
            } catch (AnalysisException e) {
                throw new AnalysisException("Point " + (i + 1) + " of a scaling-law fit: " + e.getMessage(), e);
            }
            if (!(loss[i] > 0) || Double.isInfinite(loss[i])) {
                throw new AnalysisException("Point " + (i + 1) + " of a scaling-law fit: expected the loss positive and"
                        + " finite, found " + loss[i] + ". Leave the run out or correct it.");
            }
            y[i] = Math.log(loss[i]);
        }
        return new LossData(law.inputs(), x, y, law.scale());
    }

    /** The same points with residuals on another scale. */
    public LossData on(Scale other) {
        return new LossData(inputs, x, y, other);
    }

    /** The points at some indices. */
    public LossData select(int[] indices) {
        return new LossData(
                inputs,
                Arrays.stream(indices).mapToObj(i -> x[i]).toArray(double[][]::new),
                Arrays.stream(indices).mapToDouble(i -> y[i]).toArray(),
                scale);
    }

    public List<String> inputs() {
        return inputs;
    }

    public int size() {
        return y.length;
    }

    /** Inputs of a point as its law encodes them; not to be changed. */
    public double[] x(int point) {
        return x[point];
    }

    /** ln loss of a point. */
    public double y(int point) {
        return y[point];
    }

    /** What residuals are differences of. */
    public Scale scale() {
        return scale;
    }

    /** The loss of a point on the scale. */
    public double target(int point) {
        return target[point];
    }

    /** Least ln loss. */
    public double minY() {
        return Arrays.stream(y).min().orElse(0);
    }

    /** Greatest ln loss. */
    public double maxY() {
        return Arrays.stream(y).max().orElse(0);
    }

    /** Mean loss, nats. */
    public double meanLoss() {
        return Arrays.stream(y).map(Math::exp).average().orElse(1);
    }

    /** Least value of an encoded input. */
    public double minX(int input) {
        return Arrays.stream(x).mapToDouble(p -> p[input]).min().orElse(0);
    }

    /** Greatest value of an encoded input. */
    public double maxX(int input) {
        return Arrays.stream(x).mapToDouble(p -> p[input]).max().orElse(0);
    }

    /** How many values an encoded input takes, those within 0.02 (2 % of a logarithm's argument) counted once. */
    public int distinct(int input) {
        double[] sorted = Arrays.stream(x).mapToDouble(p -> p[input]).sorted().toArray();
        int count = 0;
        double last = 0;
        for (double value : sorted) {
            if (count == 0 || value > last + 0.02) {
                count++;
                last = value;
            }
        }
        return count;
    }

    /** Mean of an encoded input. */
    public double meanX(int input) {
        return Arrays.stream(x).mapToDouble(p -> p[input]).average().orElse(0);
    }
}
