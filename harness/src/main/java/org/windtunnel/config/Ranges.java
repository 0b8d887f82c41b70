package org.windtunnel.config;

/** What a {@link Range} means. */
final class Ranges {
    private Ranges() {}

    static boolean contains(Range range, double value) {
        boolean above = range.aboveMin() ? value > range.min() : value >= range.min();
        boolean below = range.belowMax() ? value < range.max() : value <= range.max();
        return above && below;
    }

    /** Such as {@code of at least 1}, to follow "a number". */
    static String describe(Range range) {
        String min = Numbers.text(range.min());
        String max = Numbers.text(range.max());
        if (range.max() == Double.POSITIVE_INFINITY) {
            return range.aboveMin() ? "above " + min : "of at least " + min;
        }
        if (range.min() == Double.NEGATIVE_INFINITY) {
            return range.belowMax() ? "below " + max : "of at most " + max;
        }
        return (range.aboveMin() ? "above " : "from ") + min + (range.belowMax() ? " and below " : " to ") + max;
    }
}
