package org.windtunnel.analysis.law;

import java.util.ArrayList;
import java.util.List;

/**
 * y = K X1^e1 X2^e2 ...: how an optimal learning rate or batch size moves with scale. With inputs N and D the learning
 * rate of Step Law (arXiv 2503.04715, eq. 1), with D alone its batch size, with T alone the token-horizon exponent.
 * Fitted by least squares of ln y it is linear regression.
 */
public final class PowerProduct extends FormulaLaw {
    private final String output;

    /**
     * @param name of the law
     * @param output what it predicts, such as {@code lr}
     * @param inputs of its factors
     */
    public PowerProduct(String name, String output, List<String> inputs) {
        super(name, formula(output, inputs), inputs, symbols(inputs));
        this.output = output;
    }

    private static String formula(String output, List<String> inputs) {
        StringBuilder text = new StringBuilder(output + "(" + String.join(", ", inputs) + ") = K");
        inputs.forEach(input -> text.append(' ').append(input).append('^').append(exponent(input)));
        return text.toString();
    }

    private static String exponent(String input) {
        return "e" + input;
    }

    private static List<Symbol> symbols(List<String> inputs) {
        List<Symbol> symbols = new ArrayList<>();
        symbols.add(Symbol.positive("K", Role.COEFFICIENT, null, 1e-60, 1e60));
        inputs.forEach(i -> symbols.add(Symbol.plain(exponent(i), Role.SHAPE, i, -10, 10, 1)));
        return symbols;
    }

    @Override
    public String output() {
        return output;
    }

    @Override
    public double delta() {
        return Double.POSITIVE_INFINITY;
    }

    @Override
    protected Dual logLoss(Dual[] p, double[] x) {
        Dual sum = p[0].log();
        for (int i = 0; i < x.length; i++) {
            sum = sum.plus(p[1 + i].times(x[i]));
        }
        return sum;
    }

    @Override
    protected List<double[]> naturalStarts(LossData data) {
        double[] start = new double[1 + inputs().size()];
        start[0] = data.meanLoss();
        return List.of(start);
    }
}
