package org.windtunnel.analysis.fit;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.MatrixFeatures_DDRM;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.LossData;

/** Puts a fit, its resamples and its curvature together, parameter by parameter. */
public final class Estimates {
    private Estimates() {}

    /** Estimates in the formula's order; a parameter that a weakness names is not identified. */
    public static List<ParameterEstimate> of(
            FittedLaw fitted, LossData data, double delta, Bootstrap bootstrap, List<Weakness> weaknesses) {
        return of(fitted, data, delta, bootstrap, weaknesses, null);
    }

    /** The same with sandwich errors over clusters of points; null where every point is its own. */
    static List<ParameterEstimate> of(
            FittedLaw fitted,
            LossData data,
            double delta,
            Bootstrap bootstrap,
            List<Weakness> weaknesses,
            int[] cluster) {
        double[][] covariance = sandwich(fitted, data, delta, cluster);
        Set<String> weak =
                weaknesses.stream().map(w -> String.valueOf(w.parameter())).collect(Collectors.toSet());
        List<ParameterEstimate> estimates = new ArrayList<>();
        for (Law.Parameter p : fitted.law().parameters()) {
            Bootstrap.Interval interval = bootstrap.interval(p::natural);
            double value = p.natural(fitted.theta());
            Double se = null;
            if (covariance != null && covariance[p.coordinate()][p.coordinate()] >= 0) {
                se = Math.sqrt(covariance[p.coordinate()][p.coordinate()]) * (p.logarithmic() ? value : 1);
            }
            estimates.add(new ParameterEstimate(
                    p.name(), value, interval.lo(), interval.hi(), interval.se(), se, !weak.contains(p.name())));
        }
        return estimates;
    }

    /** H^-1 (SUM s s^T) H^-1 over clusters in internal coordinates; null where H cannot be inverted or the fit is exact. */
    static double[][] sandwich(FittedLaw fitted, LossData data, double delta, int[] cluster) {
        RobustObjective objective = new RobustObjective(fitted.law(), data, null, delta);
        int p = objective.dimension();
        double[][] hessian = new double[p][p];
        objective.derivatives(fitted.theta(), new double[p], hessian);
        DMatrixRMaj inverse = new DMatrixRMaj(p, p);
        if (!CommonOps_DDRM.invert(new DMatrixRMaj(hessian), inverse) || MatrixFeatures_DDRM.hasUncountable(inverse)) {
            return null;
        }
        DMatrixRMaj middle = new DMatrixRMaj(objective.scoreProducts(fitted.theta(), cluster));
        DMatrixRMaj left = new DMatrixRMaj(p, p);
        DMatrixRMaj all = new DMatrixRMaj(p, p);
        CommonOps_DDRM.mult(inverse, middle, left);
        CommonOps_DDRM.multTransB(left, inverse, all);
        double[][] covariance = new double[p][p];
        for (int i = 0; i < p; i++) {
            for (int j = 0; j < p; j++) {
                covariance[i][j] = all.get(i, j);
            }
        }
        return covariance;
    }
}
