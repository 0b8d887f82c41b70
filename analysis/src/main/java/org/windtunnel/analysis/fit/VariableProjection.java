package org.windtunnel.analysis.fit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.factory.LinearSolverFactory_DDRM;
import org.ejml.interfaces.linsol.LinearSolverDense;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.law.Separable;

/**
 * Starting points by variable projection (Golub and Pereyra, SIAM J. Numer. Anal. 10, 1973): on a grid of exponents the
 * coefficients of least squares of the loss, none negative. The best of them lie beside the least-squares fit whatever
 * the units of the data, and Newton's method does the rest for any other objective.
 */
final class VariableProjection {
    private static final double LEAST = 0.02;
    private static final double MOST = 1.6;
    private static final int CHOICES = 14;
    private static final int KEPT = 6;

    private final Separable law;
    private final LossData data;
    private final double[] loss;

    private VariableProjection(Separable law, LossData data) {
        this.law = law;
        this.data = data;
        loss = new double[data.size()];
        Arrays.setAll(loss, i -> Math.exp(data.y(i)));
    }

    /** Best coefficients for some exponents. */
    private record Projection(double[] exponents, double[] coefficients, double rss) {}

    /** Internal coordinates of the best grid points. */
    static List<double[]> starts(Separable law, LossData data) {
        VariableProjection projection = new VariableProjection(law, data);
        List<Projection> all = new ArrayList<>();
        int combinations = (int) Math.pow(CHOICES, law.exponents());
        for (int code = 0; code < combinations; code++) {
            double[] exponents = new double[law.exponents()];
            int rest = code;
            for (int k = 0; k < exponents.length; k++) {
                exponents[k] = LEAST * Math.pow(MOST / LEAST, rest % CHOICES / (CHOICES - 1.0));
                rest /= CHOICES;
            }
            all.add(projection.project(exponents));
        }
        return all.stream()
                .sorted(Comparator.comparingDouble(Projection::rss))
                .limit(KEPT)
                .map(p -> law.join(p.exponents, p.coefficients))
                .toList();
    }

    /** Non-negative least squares by all sets of terms, of which there are few. */
    private Projection project(double[] exponents) {
        double[][] basis = new double[data.size()][];
        for (int i = 0; i < basis.length; i++) {
            basis[i] = law.basis(exponents, data.x(i));
        }
        int terms = basis[0].length;
        double[] size = new double[terms];
        for (double[] row : basis) {
            for (int k = 0; k < terms; k++) {
                size[k] += row[k] / basis.length;
            }
        }
        Projection best = new Projection(exponents, new double[terms], Double.POSITIVE_INFINITY);
        for (int set = 1; set < 1 << terms; set++) {
            double[] coefficients = solve(basis, size, set);
            if (coefficients != null) {
                double rss = rss(basis, coefficients);
                best = rss < best.rss ? new Projection(exponents, coefficients, rss) : best;
            }
        }
        return best;
    }

    /** Least squares over a set of terms, each divided by its mean size; null if one comes out negative. */
    private double[] solve(double[][] basis, double[] size, int set) {
        int[] used = IntStream.range(0, size.length).filter(k -> (set >> k & 1) == 1).toArray();
        DMatrixRMaj normal = new DMatrixRMaj(used.length, used.length);
        DMatrixRMaj right = new DMatrixRMaj(used.length, 1);
        for (int i = 0; i < basis.length; i++) {
            for (int a = 0; a < used.length; a++) {
                double value = basis[i][used[a]] / size[used[a]];
                right.add(a, 0, value * loss[i]);
                for (int b = 0; b < used.length; b++) {
                    normal.add(a, b, value * basis[i][used[b]] / size[used[b]]);
                }
            }
        }
        LinearSolverDense<DMatrixRMaj> solver = LinearSolverFactory_DDRM.leastSquaresQrPivot(true, false);
        DMatrixRMaj solution = new DMatrixRMaj(used.length, 1);
        if (!solver.setA(normal)) {
            return null;
        }
        solver.solve(right, solution);
        double[] coefficients = new double[size.length];
        for (int a = 0; a < used.length; a++) {
            if (!(solution.get(a) >= 0)) {
                return null;
            }
            coefficients[used[a]] = solution.get(a) / size[used[a]];
        }
        return coefficients;
    }

    private double rss(double[][] basis, double[] coefficients) {
        double sum = 0;
        for (int i = 0; i < basis.length; i++) {
            double predicted = 0;
            for (int k = 0; k < coefficients.length; k++) {
                predicted += coefficients[k] * basis[i][k];
            }
            sum += (predicted - loss[i]) * (predicted - loss[i]);
        }
        return sum;
    }
}
