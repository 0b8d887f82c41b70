package org.windtunnel.analysis.report;

import java.util.List;

/**
 * A coordinate check as a report draws it.
 *
 * @param name of the experiment
 * @param facts label and text each, for the head of the page
 * @param verdict one sentence
 * @param widths ascending
 * @param curves one for each module, measure and step, modules in the order of the forward pass
 */
public record CoordCheckCurves(
        String name, List<Fact> facts, String verdict, List<Integer> widths, List<Curve> curves) {
    public CoordCheckCurves {
        facts = List.copyOf(facts);
        widths = List.copyOf(widths);
        curves = List.copyOf(curves);
    }

    /** One fact of the head. */
    public record Fact(String label, String text) {}

    /** What a curve is of. */
    public enum Measure {
        /** Mean absolute value of a module's output. */
        SIZE("size"),
        /** Mean absolute difference from the first forward pass. */
        CHANGE("change");

        private final String label;

        Measure(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }
    }

    /**
     * @param step from 1, the forward pass before any update
     * @param values one for each width; zeros are left out of logarithmic charts
     * @param slope of log2(value) over log2(width); NaN if there is none
     * @param flat whether the check accepts it
     */
    public record Curve(String module, Measure measure, int step, List<Double> values, double slope, boolean flat) {
        public Curve {
            values = List.copyOf(values);
        }
    }
}
