package org.windtunnel.analysis.law;

/**
 * A parameter of a {@link FormulaLaw} with its box.
 *
 * @param name as in the formula
 * @param logarithmic whether it is positive and fitted by its logarithm
 * @param role what it does
 * @param input whose term it belongs to; null for a constant
 * @param lower bound, natural unit
 * @param upper bound, natural unit
 * @param step largest change in one step of a minimiser, in the coordinate
 */
record Symbol(
        String name, boolean logarithmic, Law.Role role, String input, double lower, double upper, double step) {

    /** A positive parameter, fitted by its logarithm. */
    static Symbol positive(String name, Law.Role role, String input, double lower, double upper) {
        return new Symbol(name, true, role, input, lower, upper, 1);
    }

    /** A parameter fitted as it is. */
    static Symbol plain(String name, Law.Role role, String input, double lower, double upper, double step) {
        return new Symbol(name, false, role, input, lower, upper, step);
    }

    /** The coordinate of a value in the natural unit. */
    double coordinate(double natural) {
        return logarithmic ? Math.log(natural) : natural;
    }
}
