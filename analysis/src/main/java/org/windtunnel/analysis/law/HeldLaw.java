package org.windtunnel.analysis.law;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.windtunnel.analysis.AnalysisException;

/** A law with some of its parameters held at given values, so that the others alone are fitted. */
public final class HeldLaw implements Law {
    private final Law whole;
    private final Map<String, Double> held;
    private final double[] template;
    /** Coordinates of the whole law that are free. */
    private final int[] free;

    private final List<Parameter> parameters;

    private HeldLaw(Law whole, Map<String, Double> held) {
        this.whole = whole;
        this.held = new LinkedHashMap<>(held);
        template = new double[whole.dimension()];
        Arrays.fill(template, Double.NaN);
        held.forEach((name, value) -> hold(name, value));
        free = IntStream.range(0, template.length).filter(i -> Double.isNaN(template[i])).toArray();
        if (free.length == 0) {
            throw new AnalysisException(
                    "expected a parameter of " + whole.formula() + " to be left free, found all held");
        }
        List<Parameter> left = new ArrayList<>();
        for (Parameter p : whole.parameters()) {
            int at = Arrays.binarySearch(free, p.coordinate());
            if (at >= 0) {
                left.add(new Parameter(p.name(), at, p.logarithmic(), p.role(), p.input()));
            }
        }
        parameters = List.copyOf(left);
    }

    /**
     * A law with parameters held; the law itself without any.
     *
     * @param held parameter → value in its natural unit
     * @throws AnalysisException if there is no such parameter or it cannot have that value
     */
    public static Law of(Law whole, Map<String, Double> held) {
        return held.isEmpty() ? whole : new HeldLaw(whole, held);
    }

    private void hold(String name, double value) {
        Parameter p = whole.parameters().stream()
                .filter(q -> q.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AnalysisException("expected a parameter of " + whole.formula() + ", found "
                        + name
                        + ". Parameters: "
                        + whole.parameters().stream().map(Parameter::name).collect(Collectors.joining(", "))));
        if (!Double.isFinite(value) || p.logarithmic() && !(value > 0)) {
            throw new AnalysisException(
                    "expected " + name + (p.logarithmic() ? " positive" : " finite") + ", found " + value);
        }
        template[p.coordinate()] = p.logarithmic() ? Math.log(value) : value;
    }

    @Override
    public String name() {
        return whole.name();
    }

    @Override
    public String formula() {
        return whole.formula() + held.entrySet().stream()
                .map(e -> e.getKey() + " = " + e.getValue())
                .collect(Collectors.joining(", ", " with ", ""));
    }

    @Override
    public List<String> inputs() {
        return whole.inputs();
    }

    @Override
    public String output() {
        return whole.output();
    }

    @Override
    public Scale scale() {
        return whole.scale();
    }

    @Override
    public double delta() {
        return whole.delta();
    }

    @Override
    public List<Parameter> parameters() {
        return parameters;
    }

    @Override
    public int dimension() {
        return free.length;
    }

    @Override
    public List<Range> ranges(LossData data) {
        List<Range> all = whole.ranges(data);
        return Arrays.stream(free).mapToObj(all::get).toList();
    }

    @Override
    public List<double[]> starts(LossData data) {
        Map<List<Double>, double[]> distinct = new LinkedHashMap<>();
        for (double[] start : whole.starts(data)) {
            double[] left = Arrays.stream(free).mapToDouble(i -> start[i]).toArray();
            distinct.putIfAbsent(Arrays.stream(left).boxed().toList(), left);
        }
        return List.copyOf(distinct.values());
    }

    @Override
    public double[] encode(double... natural) {
        return whole.encode(natural);
    }

    private double[] whole(double[] theta) {
        double[] all = template.clone();
        for (int k = 0; k < free.length; k++) {
            all[free[k]] = theta[k];
        }
        return all;
    }

    @Override
    public double value(double[] theta, double[] x) {
        return whole.value(whole(theta), x);
    }

    @Override
    public double evaluate(double[] theta, double[] x, Jet jet) {
        Jet all = new Jet(template.length);
        double value = whole.evaluate(whole(theta), x, all);
        int at = 0;
        for (int i = 0; i < free.length; i++) {
            jet.gradient[i] = all.gradient[free[i]];
            for (int j = 0; j <= i; j++, at++) {
                jet.hessian[at] = all.hessian(free[i], free[j]);
            }
        }
        return value;
    }
}
