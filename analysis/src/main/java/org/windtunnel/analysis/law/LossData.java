package org.windtunnel.analysis.law;

import java.util.Arrays;
import java.util.List;
import org.windtunnel.analysis.AnalysisException;

/** Points to fit, as logarithms: inputs x by point and y = ln loss. */
public final class LossData {
    private final List<String> inputs;
    private final double[][] x;
    private final double[] y;

    private LossData(List<String> inputs, double[][] x, double[] y) {
        this.inputs = inputs;
        this.x = x;
        this.y = y;
    }

    /**
     * @param inputs names of the inputs
     * @param values inputs by point, positive
     * @param loss losses by point, positive, nats per token
     * @throws AnalysisException if a value is not positive and finite
     */
    public static LossData of(List<String> inputs, double[][] values, double[] loss) {
        double[][] x = new double[values.length][];
        double[] y = new double[loss.length];
        for (int i = 0; i < values.length; i++) {
            x[i] = new double[inputs.size()];
            for (int j = 0; j < x[i].length; j++) {
                x[i][j] = log(values[i][j], inputs.get(j), i);
            }
            y[i] = log(loss[i], "the loss", i);
        }
        return new LossData(List.copyOf(inputs), x, y);
    }

    private static double log(double value, String what, int point) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new AnalysisException("Point " + (point + 1) + " of a scaling-law fit: expected " + what
                    + " positive and finite, found " + value + ". Leave the run out or correct it.");
        }
        return Math.log(value);
    }

    /** The points at some indices. */
    public LossData select(int[] indices) {
        return new LossData(
                inputs,
                Arrays.stream(indices).mapToObj(i -> x[i]).toArray(double[][]::new),
                Arrays.stream(indices).mapToDouble(i -> y[i]).toArray());
    }

    public List<String> inputs() {
        return inputs;
    }

    public int size() {
        return y.length;
    }

    /** Logarithms of the inputs of a point; not to be changed. */
    public double[] x(int point) {
        return x[point];
    }

    /** ln loss of a point. */
    public double y(int point) {
        return y[point];
    }

    /** Least ln loss. */
    public double minY() {
        return Arrays.stream(y).min().orElse(0);
    }

    /** Mean of ln input. */
    public double meanX(int input) {
        return Arrays.stream(x).mapToDouble(p -> p[input]).average().orElse(0);
    }
}
