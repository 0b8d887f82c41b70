package org.windtunnel.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.windtunnel.config.GuardSpec;
import org.windtunnel.config.GuardSpec.OnSpike;
import org.windtunnel.config.GuardSpec.Watched;
import org.windtunnel.config.TrainSpec;

/**
 * Judges each step between its backward pass and its update: whether the update is applied, left out, or ends the run as
 * diverged.
 */
final class Guards implements Resumable {
    /** What becomes of a step. */
    enum Verdict {
        PROCEED,
        SKIP,
        STOP,
        /** Back to a checkpoint; it ends the run where there is none. */
        RESTART
    }

    private final GuardSpec spec;
    private final double divergeFactor;
    private final SpikeDetector losses;
    private final SpikeDetector norms;
    private int skippedInARow;
    private long skipped;
    private String reason;

    Guards(TrainSpec train) {
        this.spec = train.guards();
        this.divergeFactor = train.divergeFactor();
        boolean watching = spec.onSpike() != OnSpike.IGNORE;
        this.losses = watching && spec.watch() != Watched.GRAD_NORM ? detector("loss") : null;
        this.norms = watching && spec.watch() != Watched.LOSS ? detector("gradient norm") : null;
    }

    private SpikeDetector detector(String name) {
        return new SpikeDetector(name, spec.sigmas(), spec.window());
    }

    /** Whether a step may be judged after its update: none of the verdicts takes an update alone back. */
    boolean mayJudgeLate() {
        return spec.onDivergence() != GuardSpec.OnDivergence.SKIP && spec.onSpike() != OnSpike.SKIP;
    }

    /**
     * @param loss of the step's batch before the update
     * @param gradNorm global norm before clipping
     * @param firstLoss of the run's first step
     */
    Verdict judge(double loss, double gradNorm, double firstLoss) {
        reason = divergence(loss, gradNorm, firstLoss);
        if (reason != null) {
            return switch (spec.onDivergence()) {
                case STOP -> Verdict.STOP;
                case SKIP -> skip();
                case RESTART -> Verdict.RESTART;
            };
        }
        if (losses != null && losses.isSpike(loss)) {
            reason = losses.describe(loss);
        } else if (norms != null && norms.isSpike(gradNorm)) {
            reason = norms.describe(gradNorm);
        }
        if (reason != null) {
            return switch (spec.onSpike()) {
                case STOP, IGNORE -> Verdict.STOP;
                case SKIP -> skip();
                case RESTART -> Verdict.RESTART;
            };
        }
        skippedInARow = 0;
        if (losses != null) {
            losses.add(loss);
        }
        if (norms != null) {
            norms.add(gradNorm);
        }
        return Verdict.PROCEED;
    }

    private Verdict skip() {
        if (skippedInARow == spec.maxSkips()) {
            reason = "after " + skippedInARow + " skipped steps in a row " + reason;
            return Verdict.STOP;
        }
        skippedInARow++;
        skipped++;
        return Verdict.SKIP;
    }

    private String divergence(double loss, double gradNorm, double firstLoss) {
        if (!Double.isFinite(loss)) {
            return "the loss is " + loss;
        }
        if (!Double.isFinite(gradNorm)) {
            return "the gradient norm is " + gradNorm;
        }
        if (loss > divergeFactor * firstLoss) {
            return String.format("the loss %.4g exceeds %.3g times its first value %.4g", loss, divergeFactor, firstLoss);
        }
        return null;
    }

    /** Why the last step was skipped or ends the run; null if it was neither. */
    String reason() {
        return reason;
    }

    /** Steps skipped so far. */
    long skipped() {
        return skipped;
    }

    @Override
    public String stateName() {
        return "guards";
    }

    @Override
    public void save(ObjectNode into) {
        into.put("skipped", skipped).put("skipped_in_a_row", skippedInARow);
        if (losses != null) {
            losses.save(into);
        }
        if (norms != null) {
            norms.save(into);
        }
    }

    @Override
    public void restore(ObjectNode from) {
        skipped = from.path("skipped").asLong();
        skippedInARow = from.path("skipped_in_a_row").asInt();
        if (losses != null) {
            losses.restore(from);
        }
        if (norms != null) {
            norms.restore(from);
        }
    }
}
