package org.windtunnel.analysis.law;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A law given by its formula alone: derivatives follow from {@link Dual}. A subclass names its parameters with boxes
 * (in natural units, logarithmic ones positive), its formula and its starts.
 */
abstract class FormulaLaw implements Law {
    private final String name;
    private final String formula;
    private final List<String> inputs;
    private final List<Symbol> symbols;

    FormulaLaw(String name, String formula, List<String> inputs, List<Symbol> symbols) {
        this.name = name;
        this.formula = formula;
        this.inputs = List.copyOf(inputs);
        this.symbols = List.copyOf(symbols);
    }

    /** ln L for parameters in their natural unit and encoded inputs. */
    protected abstract Dual logLoss(Dual[] parameters, double[] x);

    /** Starts in natural units, in the order of the parameters. */
    protected abstract List<double[]> naturalStarts(LossData data);

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final String formula() {
        return formula;
    }

    @Override
    public final List<String> inputs() {
        return inputs;
    }

    @Override
    public final List<Parameter> parameters() {
        List<Parameter> parameters = new ArrayList<>();
        for (int i = 0; i < symbols.size(); i++) {
            Symbol s = symbols.get(i);
            parameters.add(new Parameter(s.name(), i, s.logarithmic(), s.role(), s.input()));
        }
        return parameters;
    }

    @Override
    public final int dimension() {
        return symbols.size();
    }

    @Override
    public final List<Range> ranges(LossData data) {
        return symbols.stream()
                .map(s -> new Range(s.coordinate(s.lower()), s.coordinate(s.upper()), s.step()))
                .toList();
    }

    @Override
    public final List<double[]> starts(LossData data) {
        return naturalStarts(data).stream().map(this::coordinates).toList();
    }

    /** Coordinates of parameters in natural units. */
    public final double[] coordinates(double... natural) {
        double[] theta = new double[symbols.size()];
        for (int i = 0; i < theta.length; i++) {
            theta[i] = symbols.get(i).coordinate(natural[i]);
        }
        return theta;
    }

    @Override
    public double value(double[] theta, double[] x) {
        return logLoss(naturals(theta, 0), x).value;
    }

    @Override
    public double evaluate(double[] theta, double[] x, Jet jet) {
        return logLoss(naturals(theta, theta.length), x).into(jet);
    }

    private Dual[] naturals(double[] theta, int dimension) {
        Dual[] naturals = new Dual[theta.length];
        for (int i = 0; i < theta.length; i++) {
            Dual coordinate = Dual.variable(theta[i], i, dimension);
            naturals[i] = symbols.get(i).logarithmic() ? coordinate.exp() : coordinate;
        }
        return naturals;
    }

    /** All combinations of some values for each parameter, the first varying fastest. */
    protected static List<double[]> grid(double[]... choices) {
        int total = Arrays.stream(choices).mapToInt(c -> c.length).reduce(1, (a, b) -> a * b);
        List<double[]> starts = new ArrayList<>();
        for (int code = 0; code < total; code++) {
            double[] start = new double[choices.length];
            int rest = code;
            for (int i = 0; i < choices.length; i++) {
                start[i] = choices[i][rest % choices[i].length];
                rest /= choices[i].length;
            }
            starts.add(start);
        }
        return starts;
    }

    /** Values at equal ratios. */
    protected static double[] geometric(double first, double last, int count) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = first * Math.pow(last / first, count == 1 ? 0 : i / (count - 1.0));
        }
        return values;
    }

    protected static double[] values(double... values) {
        return values;
    }
}
