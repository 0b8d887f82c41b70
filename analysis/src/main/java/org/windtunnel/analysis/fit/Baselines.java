package org.windtunnel.analysis.fit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.law.PowerProduct;
import org.windtunnel.analysis.law.PowerSum;

/** Predictions that a law must beat to be worth its parameters. */
final class Baselines {
    private final Law law;
    private final double[][] inputs;
    private final double[] output;

    /** @param inputs and output of the rows that may be fitted, in the order of the law's inputs */
    Baselines(Law law, double[][] inputs, double[] output) {
        this.law = law;
        this.inputs = inputs;
        this.output = output;
    }

    List<TableFit.Baseline> of(double[][] held, double[] measured) {
        List<TableFit.Baseline> all = new ArrayList<>();
        double largest = Arrays.stream(inputs).mapToDouble(x -> x[0]).max().orElseThrow();
        all.add(new TableFit.Baseline(
                "row of the largest " + law.inputs().get(0) + " fitted, nearest otherwise",
                FitErrors.of(Arrays.stream(held).mapToDouble(x -> nearest(x, largest)).toArray(), measured)));
        int n = law.inputs().indexOf("N");
        int d = law.inputs().indexOf("D");
        PowerSum compute = PowerSum.powerLaw("C", true);
        if (n >= 0 && d >= 0 && inputs.length > compute.dimension()) {
            FittedLaw fit = LawFitter.fit(compute, LossData.of(compute, compute(inputs, n, d), output), 1e-3);
            all.add(baseline("E + A C^-alpha with C = 6 N D", fit, compute(held, n, d), measured));
        }
        PowerProduct product = new PowerProduct("product", law.output(), law.inputs());
        boolean positive = Arrays.stream(inputs).flatMapToDouble(Arrays::stream).allMatch(v -> v > 0);
        if (positive && !(law instanceof PowerProduct) && inputs.length > product.dimension()) {
            FittedLaw fit =
                    LawFitter.fit(product, LossData.of(product, inputs, output), FitOptions.LEAST_SQUARES);
            all.add(baseline("product of powers", fit, held, measured));
        }
        return all;
    }

    private static double[][] compute(double[][] rows, int n, int d) {
        return Arrays.stream(rows).map(x -> new double[] {6 * x[n] * x[d]}).toArray(double[][]::new);
    }

    private static TableFit.Baseline baseline(String name, FittedLaw fit, double[][] held, double[] measured) {
        return new TableFit.Baseline(
                name, FitErrors.of(Arrays.stream(held).mapToDouble(fit::predict).toArray(), measured));
    }

    /** Output of the row with the largest first input that is nearest in the logarithms of the others. */
    private double nearest(double[] target, double largest) {
        return IntStream.range(0, inputs.length)
                .filter(i -> inputs[i][0] == largest)
                .boxed()
                .min(Comparator.comparingDouble(i -> distance(inputs[i], target)))
                .map(i -> output[i])
                .orElseThrow();
    }

    private static double distance(double[] a, double[] b) {
        return IntStream.range(1, a.length)
                .mapToDouble(j -> a[j] > 0 && b[j] > 0 ? Math.abs(Math.log(a[j] / b[j])) : Math.abs(a[j] - b[j]))
                .sum();
    }
}
