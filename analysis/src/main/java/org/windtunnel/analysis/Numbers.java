package org.windtunnel.analysis;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Numbers as people read them. */
public final class Numbers {
    private Numbers() {}

    /**
     * Three significant digits, with k, M, G, T from a thousand on: {@code 0.00391}, {@code 98.3k}, {@code 1.2e+18}.
     */
    public static String text(double value) {
        double magnitude = Math.abs(value);
        if (!Double.isFinite(value)) {
            return Double.isNaN(value) ? "-" : value > 0 ? "inf" : "-inf";
        }
        if (magnitude >= 1e15 || (magnitude < 1e-4 && magnitude > 0)) {
            return String.format(Locale.ROOT, "%.2e", value);
        }
        String[] units = {"", "k", "M", "G", "T"};
        int power = 0;
        double scaled = value;
        while (Math.abs(scaled) >= 999.5 && power < units.length - 1) {
            scaled /= 1000;
            power++;
        }
        return new BigDecimal(scaled)
                        .round(new MathContext(3))
                        .stripTrailingZeros()
                        .toPlainString()
                + units[power];
    }
}
