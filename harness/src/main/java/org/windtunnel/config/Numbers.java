package org.windtunnel.config;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Numbers as people write them in experiment files, and the shortest text that reads back as the same number.
 *
 * <p>Integers take {@code 64}, {@code 1_000_000}, {@code 1e9} and the suffixes k, M, B (or G) and T for powers of
 * 1000 ({@code 500k}, {@code 1.5B}); real numbers take everything but the suffixes. Nothing is rounded: a value that
 * does not fit exactly is refused. YAML 1.1's octal {@code 010} and sexagesimal {@code 1:30} are not numbers here.
 */
final class Numbers {
    private static final Pattern INTEGER = Pattern.compile(
            "([-+]?\\d+(?:_\\d+)*(?:\\.\\d+)?(?:[eE][-+]?\\d+)?)([kKMBGT])?");
    private static final Pattern REAL = Pattern.compile(
            "[-+]?(?:\\d+(?:_\\d+)*(?:\\.\\d*)?|\\.\\d+)(?:[eE][-+]?\\d+)?");
    private static final Pattern LEADING_ZERO = Pattern.compile("[-+]?0[\\d_].*");
    private static final Pattern NOT_FINITE = Pattern.compile("[-+]?\\.?(?:inf|infinity|nan)", Pattern.CASE_INSENSITIVE);
    private static final Map<String, Integer> SUFFIXES = Map.of("k", 3, "K", 3, "M", 6, "B", 9, "G", 9, "T", 12);
    private static final Pattern EXPONENT = Pattern.compile("[eE]");
    private static final int MAX_EXPONENT = 40;

    /** Every number of so many digits is a long. */
    private static final int LONG_DIGITS = 18;

    private Numbers() {}

    /** Thrown with the reason when a text is not the number that was asked for. */
    static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        Refused(String message) {
            super(message);
        }
    }

    static long integer(String text, long min, long max) throws Refused {
        if (isPlain(text)) {
            long value = Long.parseLong(text);
            if (value >= min && value <= max) {
                return value;
            }
        }
        Matcher matcher = INTEGER.matcher(text);
        if (!matcher.matches()) {
            throw new Refused("expected an integer (such as 64, 1e9, 500k or 1.5B), found " + text + hint(text));
        }
        if (LEADING_ZERO.matcher(text).matches()) {
            throw new Refused("expected an integer without a leading zero, found " + text);
        }
        BigDecimal value = decimal(matcher.group(1), text);
        if (matcher.group(2) != null) {
            value = value.scaleByPowerOfTen(SUFFIXES.get(matcher.group(2)));
        }
        if (value.signum() != 0 && value.stripTrailingZeros().scale() > 0) {
            throw new Refused("expected an integer, found " + text);
        }
        if (value.compareTo(BigDecimal.valueOf(max)) > 0 || value.compareTo(BigDecimal.valueOf(min)) < 0) {
            throw new Refused("expected an integer from " + min + " to " + max + ", found " + text);
        }
        return value.longValueExact();
    }

    /** Digits and nothing else, and no leading zero: nearly every integer, without the cost of the patterns. */
    private static boolean isPlain(String text) {
        if (text.isEmpty() || text.length() > LONG_DIGITS || text.charAt(0) == '0' && text.length() > 1) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return true;
    }

    static double real(String text) throws Refused {
        if (NOT_FINITE.matcher(text).matches()) {
            throw new Refused("expected a finite number, found " + text);
        }
        if (!REAL.matcher(text).matches()) {
            throw new Refused("expected a number, found " + text + hint(text));
        }
        if (LEADING_ZERO.matcher(text).matches()) {
            throw new Refused("expected a number without a leading zero, found " + text);
        }
        String digits = text.replace("_", "");
        double value = Double.parseDouble(digits);
        boolean underflow = value == 0 && EXPONENT.split(digits)[0].chars().anyMatch(c -> c >= '1' && c <= '9');
        if (Double.isInfinite(value) || underflow) {
            throw new Refused("expected a number within the range of double precision, found " + text);
        }
        return value;
    }

    private static String hint(String text) {
        if (INTEGER.matcher(text).matches()) {
            return "; suffixes such as k and M are for whole numbers only";
        }
        return text.matches("[-+]?[\\d.,]+") && text.contains(",") ? "; write 1_000 or 1000, and a point for decimals" : "";
    }

    private static BigDecimal decimal(String number, String text) throws Refused {
        // BigDecimal would expand an exponent of a billion digit by digit further down.
        String[] parts = EXPONENT.split(number.replace("_", ""));
        if (parts.length == 2) {
            String exponent = parts[1].replaceFirst("^[-+]?0*", "");
            if (exponent.length() > 2 || !exponent.isEmpty() && Integer.parseInt(exponent) > MAX_EXPONENT) {
                throw new Refused("expected an integer from " + Long.MIN_VALUE + " to " + Long.MAX_VALUE + ", found "
                        + text);
            }
        }
        return new BigDecimal(number.replace("_", ""));
    }

    /**
     * The shortest decimal that reads back as {@code value}. {@code Double.toString} is not used because it is not
     * the same on all JDKs (JDK-4511638), and run ids are hashes of this text.
     */
    static String text(double value) {
        if (value == 0) {
            return 1 / value < 0 ? "-0" : "0";
        }
        if (!Double.isFinite(value)) {
            return Double.toString(value);
        }
        BigDecimal exact = new BigDecimal(value);
        BigDecimal shortest = exact;
        for (int digits = 1; digits <= 17; digits++) {
            BigDecimal rounded = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
            if (rounded.doubleValue() == value) {
                shortest = rounded;
                break;
            }
        }
        return text(shortest);
    }

    /** {@code value} rounded to a number of significant digits, for labels. */
    static String text(double value, int digits) {
        if (value == 0 || !Double.isFinite(value)) {
            return text(value);
        }
        return text(new BigDecimal(value).round(new MathContext(digits, RoundingMode.HALF_EVEN)));
    }

    private static String text(BigDecimal value) {
        BigDecimal stripped = value.stripTrailingZeros();
        int exponent = stripped.precision() - stripped.scale() - 1;
        if (exponent >= -3 && exponent < 12) {
            return stripped.toPlainString();
        }
        String digits = stripped.unscaledValue().abs().toString();
        String fraction = digits.length() == 1 ? "" : "." + digits.substring(1);
        return (stripped.signum() < 0 ? "-" : "") + digits.charAt(0) + fraction + "e" + exponent;
    }
}
