package org.windtunnel.analysis.fit;

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
public record FitErrors(int points, double are, double maxAre, double mae, double rmse, double bias, Double r2) {}
