package org.windtunnel.analysis.law;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** L = E_N + B_N D^-A_N fitted size by size, as logarithms of the three against ln n, for the starts of a joint fit. */
final class FarseerPieces {
    private static final int FEWEST = 4;

    private final List<double[]> pieces = new ArrayList<>();

    private FarseerPieces() {}

    static FarseerPieces of(LossData data, double unit) {
        Map<Double, List<Integer>> sizes = new TreeMap<>();
        for (int i = 0; i < data.size(); i++) {
            sizes.computeIfAbsent(data.x(i)[0], n -> new ArrayList<>()).add(i);
        }
        FarseerPieces all = new FarseerPieces();
        sizes.forEach((n, points) -> {
            if (points.size() >= FEWEST) {
                double[] piece = piece(data, points);
                all.pieces.add(new double[] {n - unit, piece[0], piece[1], piece[2]});
            }
        });
        return all;
    }

    /** ln A_N, ln B_N, ln E_N: for each of many exponents the straight line L = E + B D^-A, the best of them. */
    private static double[] piece(LossData data, List<Integer> points) {
        double[] best = {Math.log(0.3), Math.log(1e3), data.minY()};
        double least = Double.POSITIVE_INFINITY;
        for (double exponent = 0.02; exponent < 1.5; exponent *= 1.05) {
            double a = exponent;
            double[] line = Lines.fit(
                    points.stream().mapToDouble(i -> Math.exp(-a * data.x(i)[1])).toArray(),
                    points.stream().mapToDouble(i -> Math.exp(data.y(i))).toArray());
            if (line[1] > 0 && line[0] > 0 && line[2] < least) {
                least = line[2];
                best = new double[] {Math.log(a), Math.log(line[1]), Math.log(line[0])};
            }
        }
        return best;
    }

    double[] exponent(double power) {
        return line(power, 1);
    }

    double[] coefficient(double power) {
        return line(power, 2);
    }

    double[] irreducible(double power) {
        return line(power, 3);
    }

    /** Slope and intercept of a column against n^power. */
    private double[] line(double power, int column) {
        if (pieces.size() < 2) {
            return new double[] {0, pieces.isEmpty() ? 0 : pieces.get(0)[column]};
        }
        double[] line = Lines.fit(
                pieces.stream().mapToDouble(p -> Math.exp(power * p[0])).toArray(),
                pieces.stream().mapToDouble(p -> p[column]).toArray());
        return new double[] {line[1], line[0]};
    }
}
