package org.windtunnel.analysis.law;

import java.util.List;
import org.windtunnel.analysis.AnalysisException;

/**
 * A form of scaling law as a function of inputs x (logarithms of N, D, ...) and internal coordinates theta in which
 * it is well behaved. Implementations are immutable.
 */
public interface Law {

    /**
     * One parameter of the formula and the coordinate behind it.
     *
     * @param name as in the formula
     * @param coordinate index into theta
     * @param logarithmic whether theta holds its logarithm
     * @param role what it does
     * @param input the input whose term it belongs to, such as {@code N}; null for a constant
     */
    record Parameter(String name, int coordinate, boolean logarithmic, Role role, String input) {

        /** Natural value from theta. */
        public double natural(double[] theta) {
            return logarithmic ? Math.exp(theta[coordinate]) : theta[coordinate];
        }
    }

    /** What a parameter does in its formula. */
    enum Role {
        /** Loss that no amount of the inputs removes. */
        IRREDUCIBLE,
        COEFFICIENT,
        EXPONENT,
        /** Where or how sharply the formula bends, and other constants of its own. */
        SHAPE
    }

    /**
     * Box of a coordinate and its largest change in one step of a minimiser.
     *
     * @param lower bound
     * @param upper bound
     * @param step largest change
     */
    record Range(double lower, double upper, double step) {}

    /** Short name, such as {@code chinchilla}. */
    String name();

    /** Such as {@code L(N, D) = E + A N^-alpha + B D^-beta}. */
    String formula();

    /** Names of the inputs, in the order of x. */
    List<String> inputs();

    /** What it predicts, as a column is named. */
    default String output() {
        return "loss";
    }

    /** What residuals are differences of where the law is published. */
    default Scale scale() {
        return Scale.LOG;
    }

    /** Half-width of the quadratic zone of Huber's loss that it is published with; infinite for least squares. */
    default double delta() {
        return 1e-3;
    }

    /** Parameters in the formula's order. */
    List<Parameter> parameters();

    /** Boxes of the coordinates for some data. */
    List<Range> ranges(LossData data);

    /** Starting points of a fit for some data. */
    List<double[]> starts(LossData data);

    /**
     * Inputs as {@link #value} takes them, from their natural unit: logarithms, unless a law says otherwise.
     *
     * @throws AnalysisException if a value cannot be an input
     */
    default double[] encode(double... natural) {
        double[] x = new double[natural.length];
        for (int j = 0; j < x.length; j++) {
            if (!(natural[j] > 0) || Double.isInfinite(natural[j])) {
                throw new AnalysisException("expected " + inputs().get(j) + " positive and finite, found "
                        + natural[j] + ". Leave the run out or correct it.");
            }
            x[j] = Math.log(natural[j]);
        }
        return x;
    }

    /** Length of theta. */
    default int dimension() {
        return parameters().size();
    }

    /** ln L at theta for inputs x (logarithms). */
    double value(double[] theta, double[] x);

    /** Like {@link #value}, with gradient and Hessian with respect to theta put into {@code jet}. */
    double evaluate(double[] theta, double[] x, Jet jet);
}
