package org.windtunnel.analysis.transfer;

/**
 * How the optimal learning rate moves with width, or whatever size a study compares.
 *
 * @param slope octaves of lr* per doubling of width, weighted by the optima's errors; null when fewer than two widths
 *     have a bounded optimum
 * @param slopeError its standard error, scaled up when the optima scatter more than their errors say
 * @param total slope times the number of doublings from the smallest to the largest width, octaves
 * @param totalError its standard error
 * @param widthRatio largest over smallest width
 * @param widths widths that entered the slope
 * @param verdict the judgement
 * @param sentence the judgement in words, with its numbers
 * @param transferredLr best measured rate of the smallest width; null without a bowl there
 * @param excess loss at the largest width when that rate is used, less its best measured loss, nats; null when it was
 *     not measured and cannot be interpolated; infinite when the run diverged
 */
public record Drift(
        Double slope,
        Double slopeError,
        Double total,
        Double totalError,
        double widthRatio,
        int widths,
        Verdict verdict,
        String sentence,
        Double transferredLr,
        Double excess) {

    /** Does one learning rate serve all widths? */
    public enum Verdict {
        TRANSFERS,
        DRIFTS,
        UNDETERMINED
    }
}
