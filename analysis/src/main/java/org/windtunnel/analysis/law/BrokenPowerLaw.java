package org.windtunnel.analysis.law;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * y(x) = a + b x^-c0 PROD_i (1 + (x/d_i)^(1/f_i))^(-c_i f_i): a power law whose exponent changes by c_i around d_i over
 * about f_i in ln x (broken neural scaling law, Caballero et al., arXiv 2210.14891, eq. 1). A break needs points on both
 * of its sides.
 */
public final class BrokenPowerLaw extends FormulaLaw {
    private final int breaks;

    /** @param breaks how many, 0 or more */
    public BrokenPowerLaw(int breaks) {
        super(
                breaks == 1 ? "broken-power-law" : "broken-power-law-" + breaks,
                "y(X) = a + b X^-c0" + (breaks == 0 ? "" : " PROD_i (1 + (X/d_i)^(1/f_i))^(-c_i f_i)"),
                List.of("X"),
                symbols(breaks));
        this.breaks = breaks;
    }

    private static List<Symbol> symbols(int breaks) {
        List<Symbol> symbols = new ArrayList<>(List.of(
                Symbol.positive("a", Role.IRREDUCIBLE, null, 1e-9, 1e6),
                Symbol.positive("b", Role.COEFFICIENT, "X", 1e-20, 1e40),
                Symbol.plain("c0", Role.EXPONENT, "X", -5, 10, 0.25)));
        for (int i = 1; i <= breaks; i++) {
            symbols.add(Symbol.plain("c" + i, Role.SHAPE, "X", -20, 40, 0.5));
            symbols.add(Symbol.positive("d" + i, Role.SHAPE, "X", 1e-12, 1e40));
            symbols.add(Symbol.positive("f" + i, Role.SHAPE, "X", 1e-3, 20));
        }
        return symbols;
    }

    @Override
    public Scale scale() {
        return Scale.LOG1P;
    }

    @Override
    public double delta() {
        return Double.POSITIVE_INFINITY;
    }

    @Override
    protected Dual logLoss(Dual[] p, double[] x) {
        Dual term = p[1].log().minus(p[2].times(x[0]));
        for (int i = 0; i < breaks; i++) {
            Dual c = p[3 + 3 * i];
            Dual f = p[5 + 3 * i];
            Dual bent = p[4 + 3 * i].log().times(-1).plus(x[0]).over(f).softplus();
            term = term.minus(c.times(f).times(bent));
        }
        return p[0].plus(term.exp()).log();
    }

    @Override
    protected List<double[]> naturalStarts(LossData data) {
        double least = Math.exp(data.minY());
        double most = Math.exp(data.maxY());
        double low = data.minX(0);
        double width = data.maxX(0) - low;
        List<double[]> starts = new ArrayList<>();
        for (double share : values(0.02, 0.5, 0.95)) {
            for (double c0 : values(0.02, 0.1, 0.4)) {
                for (double c : values(0.3, 2, 6)) {
                    for (double at : values(0.25, 0.5, 0.75)) {
                        for (double f : values(0.05, 0.25, 1)) {
                            double a = share * least;
                            starts.add(start(a, (most - a) * Math.exp(c0 * low), c0, c, low + at * width, width, f));
                        }
                    }
                }
            }
        }
        return starts;
    }

    private double[] start(double a, double b, double c0, double c, double first, double width, double f) {
        return IntStream.range(0, 3 + 3 * breaks)
                .mapToDouble(i -> switch (i) {
                    case 0 -> a;
                    case 1 -> b;
                    case 2 -> c0;
                    default -> switch (i % 3) {
                        case 0 -> c;
                        case 1 -> Math.exp(first + (i / 3 - 1) * width / (2 * breaks));
                        default -> f;
                    };
                })
                .toArray();
    }
}
