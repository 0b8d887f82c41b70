package org.windtunnel.analysis.curve;

/**
 * How a run becomes rows of a table.
 *
 * @param size what N counts
 * @param flops how C is counted
 * @param taken which losses of a run
 * @param skip share of a run left out at its start when several of its losses are taken: warm-up and transient
 * @param smooth share of a run that a training loss is averaged over
 */
public record Points(SizeMeasure size, Flops flops, Taken taken, double skip, double smooth) {
    /** Without embeddings, FLOPs as the run counted them, the final loss. */
    public static Points ends(SizeMeasure size) {
        return new Points(size, Flops.RUN, Taken.END, 0.1, 0.02);
    }

    /** How many floating-point operations a token costs. */
    public enum Flops {
        /** What the run's manifest says: matrices that multiply a token, and attention. */
        RUN,
        /** 6 N with N as it is counted here. */
        SIX_N
    }

    /** Which losses of a run. */
    public enum Taken {
        /** The last evaluation of a finished run. */
        END,
        /** Every evaluation after the start. */
        EVALUATIONS,
        /** The training loss at twenty budgets at equal ratios after the start, smoothed. */
        TRAINING
    }
}
