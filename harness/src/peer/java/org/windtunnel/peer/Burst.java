package org.windtunnel.peer;

import java.util.Arrays;

/**
 * What a contestant reports of a row of steps.
 *
 * @param cpuMillis processor time of the whole process, all steps together
 * @param millis wall time of each step
 * @param losses loss of each step before its update, nats per row
 */
record Burst(double cpuMillis, double[] millis, double[] losses) {
    private static final double NANOS_PER_MILLI = 1e6;

    /** Reads a line of {@link Worker}. */
    static Burst parse(String line) {
        String[] words = line.split(" ");
        double[] millis = new double[words.length - 1];
        double[] losses = new double[millis.length];
        for (int i = 0; i < millis.length; i++) {
            String[] pair = words[i + 1].split(":");
            millis[i] = Long.parseLong(pair[0]) / NANOS_PER_MILLI;
            losses[i] = Double.parseDouble(pair[1]);
        }
        return new Burst(Long.parseLong(words[0]) / NANOS_PER_MILLI, millis, losses);
    }

    /** Median wall time of a step, the first left out: it finds the caches as the other contestants left them. */
    double median() {
        return median(Arrays.copyOfRange(millis, 1, millis.length));
    }

    /** Processor time per step. */
    double cpuPerStep() {
        return cpuMillis / millis.length;
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int n = sorted.length;
        return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    }
}
