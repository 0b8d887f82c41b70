package org.windtunnel.analysis.fit;

import java.util.List;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.LossData;

/**
 * One measurement for a law.
 *
 * @param n parameters
 * @param d training tokens
 * @param compute FLOP
 * @param loss nats per token
 */
public record LossPoint(double n, double d, double compute, double loss) {

    /** Value of an input by the name that laws use: N, D or C. */
    public double input(String name) {
        return switch (name) {
            case "N" -> n;
            case "D" -> d;
            case "C" -> compute;
            default -> throw new IllegalArgumentException("unknown input " + name);
        };
    }

    /** Values of a law's inputs in its order. */
    public double[] inputs(Law law) {
        return law.inputs().stream().mapToDouble(this::input).toArray();
    }

    /** Points as a law's data. */
    public static LossData data(Law law, List<LossPoint> points) {
        return LossData.of(
                law,
                points.stream().map(p -> p.inputs(law)).toArray(double[][]::new),
                points.stream().mapToDouble(LossPoint::loss).toArray());
    }

    /** How many values an input takes, those within 2 % counted once (budgets round to whole batches). */
    public static int distinct(List<LossPoint> points, String input) {
        double[] sorted =
                points.stream().mapToDouble(p -> p.input(input)).sorted().toArray();
        int count = 0;
        double last = 0;
        for (double value : sorted) {
            if (count == 0 || value > last * 1.02) {
                count++;
                last = value;
            }
        }
        return count;
    }
}
