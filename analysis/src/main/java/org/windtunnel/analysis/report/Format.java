package org.windtunnel.analysis.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;
import org.windtunnel.analysis.Numbers;

/** Numbers as the page shows them. */
final class Format {
    private Format() {}

    /** Three significant digits with k, M, G, T: {@code 98.3k}; a dash for null or a value that is not finite. */
    static String si(Double value) {
        return value == null || !Double.isFinite(value) ? "–" : Numbers.text(value);
    }

    /** A loss in nats, four decimals. */
    static String loss(Double value) {
        return value == null || !Double.isFinite(value) ? "–" : String.format(Locale.ROOT, "%.4f", value);
    }

    /** A learning rate in three digits: {@code 0.00391}, {@code 7.81e-5}. */
    static String rate(Double value) {
        if (value == null || !Double.isFinite(value)) {
            return "–";
        }
        BigDecimal digits = new BigDecimal(value).round(new MathContext(3)).stripTrailingZeros();
        return Math.abs(value) >= 1e-3 || value == 0
                ? digits.toPlainString()
                : String.format(Locale.ROOT, "%.2e", value).replace("e-0", "e-");
    }

    /** A parameter of a law in four significant digits. */
    static String parameter(double value) {
        if (!Double.isFinite(value)) {
            return value > 0 ? "∞" : value < 0 ? "−∞" : "–";
        }
        double size = Math.abs(value);
        if (size >= 1e5 || (size < 1e-4 && size > 0)) {
            return String.format(Locale.ROOT, "%.3e", value)
                    .replace("e+0", "e")
                    .replace("e+", "e")
                    .replace("e-0", "e-");
        }
        int decimals = size == 0 ? 0 : Math.max(0, 3 - (int) Math.floor(Math.log10(size)));
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    /** Compute: {@code 3.2e14}. */
    static String flops(double value) {
        return String.format(Locale.ROOT, "%.2e", value).replace("e+0", "e").replace("e+", "e");
    }

    /** A share of errors as per cent with two decimals; a dash for null. */
    static String error(Double share) {
        return share == null ? "–" : String.format(Locale.ROOT, "%.2f %%", 100 * share);
    }

    /** A share as per cent with two digits. */
    static String percent(double share) {
        return new BigDecimal(share * 100).round(new MathContext(2)).toPlainString() + " %";
    }

    /** Seconds as {@code 8.4 s}, {@code 12 min 5 s} or {@code 3 h 20 min}. */
    static String duration(Double seconds) {
        if (seconds == null || !Double.isFinite(seconds)) {
            return "–";
        }
        if (seconds < 60) {
            return String.format(Locale.ROOT, "%.1f s", seconds);
        }
        long whole = Math.round(seconds);
        return whole < 3600
                ? whole / 60 + " min " + whole % 60 + " s"
                : whole / 3600 + " h " + whole % 3600 / 60 + " min";
    }
}
