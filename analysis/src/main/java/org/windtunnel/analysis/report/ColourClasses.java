package org.windtunnel.analysis.report;

import java.util.TreeSet;

/** The values that colours stand for: the data's own where they are few, else some of them at equal ratios. */
final class ColourClasses {
    /** Beyond this many colours a legend of single values is unreadable. */
    static final int MOST = 8;

    private static final int CLASSES = 6;

    private final TreeSet<Double> values;
    private final boolean all;

    private ColourClasses(TreeSet<Double> values, boolean all) {
        this.values = values;
        this.all = all;
    }

    /** Classes of positive values, at least one. */
    static ColourClasses of(TreeSet<Double> values) {
        if (values.size() <= MOST) {
            return new ColourClasses(values, true);
        }
        TreeSet<Double> classes = new TreeSet<>();
        for (int i = 0; i < CLASSES; i++) {
            double at = values.first() * Math.pow(values.last() / values.first(), i / (CLASSES - 1.0));
            classes.add(Specs.rounded(at).doubleValue());
        }
        return new ColourClasses(classes, false);
    }

    /** Given classes that stand for values near them. */
    static ColourClasses nearest(TreeSet<Double> classes) {
        return new ColourClasses(classes, false);
    }

    /** Whether every value has a class of its own. */
    boolean all() {
        return all;
    }

    TreeSet<Double> values() {
        return values;
    }

    /** The class of a value: the nearest in ratio. */
    double of(double value) {
        double best = values.first();
        for (double candidate : values) {
            if (Math.abs(Math.log(candidate / value)) < Math.abs(Math.log(best / value))) {
                best = candidate;
            }
        }
        return best;
    }
}
