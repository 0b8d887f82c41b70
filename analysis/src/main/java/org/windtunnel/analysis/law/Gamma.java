package org.windtunnel.analysis.law;

/** ln Gamma and its first two derivatives for positive arguments, by recurrence to 10 and Stirling's series there. */
final class Gamma {
    private static final double LARGE = 10;
    private static final double HALF_LN_2PI = 0.5 * Math.log(2 * Math.PI);

    private Gamma() {}

    static double ln(double x) {
        double shift = 0;
        double z = x;
        while (z < LARGE) {
            shift += Math.log(z);
            z++;
        }
        double r = 1 / (z * z);
        double series = (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r * (1.0 / 1680 - r / 1188)))) / z;
        return (z - 0.5) * Math.log(z) - z + HALF_LN_2PI + series - shift;
    }

    static double digamma(double x) {
        double shift = 0;
        double z = x;
        while (z < LARGE) {
            shift += 1 / z;
            z++;
        }
        double r = 1 / (z * z);
        double series = r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r * (1.0 / 240 - r / 132))));
        return Math.log(z) - 0.5 / z - series - shift;
    }

    static double trigamma(double x) {
        double shift = 0;
        double z = x;
        while (z < LARGE) {
            shift += 1 / (z * z);
            z++;
        }
        double r = 1 / (z * z);
        double series = (1 + r * (1.0 / 6 - r * (1.0 / 30 - r * (1.0 / 42 - r * (1.0 / 30 - r * 5 / 66))))) / z;
        return series + 0.5 * r + shift;
    }
}
