package org.windtunnel.analysis.fit;

import java.util.Arrays;

/**
 * How far predictions are from measurements.
 *
 * @param points how many
 * @param are mean of |predicted − measured| / measured
 * @param maxAre its maximum
 * @param mae mean of |predicted − measured|, nats
 * @param rmse root mean square error, nats
 * @param bias mean of predicted − measured, nats
 * @param r2 1 − SSE/SST; null when the measurements do not vary
 */
public record FitErrors(int points, double are, double maxAre, double mae, double rmse, double bias, Double r2) {

    /** Errors of predictions against measurements of the same length, at least one. */
    public static FitErrors of(double[] predicted, double[] measured) {
        int n = measured.length;
        double are = 0;
        double max = 0;
        double mae = 0;
        double sse = 0;
        double bias = 0;
        double mean = Arrays.stream(measured).average().orElseThrow();
        double sst = 0;
        for (int i = 0; i < n; i++) {
            double e = predicted[i] - measured[i];
            are += Math.abs(e) / measured[i] / n;
            max = Math.max(max, Math.abs(e) / measured[i]);
            mae += Math.abs(e) / n;
            sse += e * e;
            bias += e / n;
            sst += (measured[i] - mean) * (measured[i] - mean);
        }
        return new FitErrors(n, are, max, mae, Math.sqrt(sse / n), bias, sst > 0 ? 1 - sse / sst : null);
    }
}
