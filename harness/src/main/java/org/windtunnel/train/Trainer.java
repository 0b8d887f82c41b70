package org.windtunnel.train;

import org.windtunnel.config.TrainSpec;
import org.windtunnel.record.RunLog;
import org.windtunnel.record.RunLog.CurvePoint;
import org.windtunnel.record.RunStatus;

/** The training loop: steps, curve lines, evaluations, and the guard that ends a diverged run. */
public final class Trainer {
    private final ModelPlan plan;
    private final RunSession session;
    private final RunLog log;
    private final ProgressListener listener;
    private final TrainSpec train;

    private final long start = System.nanoTime();
    private long evalNanos;
    private long lineNanos;
    private long lineStep;
    private double firstLoss = Double.NaN;
    private double evalLoss = Double.NaN;
    private double tailSum;
    private long tailCount;

    /** @param log receives the curve and the evaluations; the caller closes it */
    public Trainer(ModelPlan plan, RunSession session, RunLog log, ProgressListener listener) {
        this.plan = plan;
        this.session = session;
        this.log = log;
        this.listener = listener;
        this.train = plan.spec().train();
    }

    /** Runs to the end of the budget, or to divergence. */
    public RunOutcome run() {
        long steps = plan.steps();
        for (long step = 0; step < steps; step++) {
            session.step(step);
            long finished = step + 1;
            if (step == 0) {
                firstLoss = session.loss();
            }
            String trouble = divergence();
            if (finished % train.logEvery() == 0 || finished == steps || step == 0 || trouble != null) {
                logLine(finished);
            }
            if (trouble != null) {
                return outcome(RunStatus.DIVERGED, finished, trouble);
            }
            if (step >= steps - Math.max(1, steps / 10)) {
                tailSum += session.loss();
                tailCount++;
            }
            if (finished == steps || train.evalEvery() > 0 && finished % train.evalEvery() == 0) {
                evaluate(finished);
            }
        }
        return Double.isFinite(evalLoss)
                ? outcome(RunStatus.DONE, steps, null)
                : outcome(RunStatus.DIVERGED, steps, "the evaluation loss is " + evalLoss);
    }

    private String divergence() {
        double loss = session.loss();
        if (!Double.isFinite(loss)) {
            return "the loss is " + loss;
        }
        if (!Double.isFinite(session.gradNorm())) {
            return "the gradient norm is " + session.gradNorm();
        }
        if (loss > train.divergeFactor() * firstLoss) {
            return String.format(
                    "the loss %.4g exceeds %.3g times its first value %.4g", loss, train.divergeFactor(), firstLoss);
        }
        return null;
    }

    private void logLine(long finished) {
        long now = System.nanoTime() - start - evalNanos;
        double tokensPerSecond = (finished - lineStep) * (double) plan.tokensPerStep() / Math.max(1, now - lineNanos) * 1e9;
        lineNanos = now;
        lineStep = finished;
        long tokens = finished * plan.tokensPerStep();
        log.curve(new CurvePoint(
                finished,
                tokens,
                tokens * plan.flopsPerToken(),
                session.lr(),
                session.loss(),
                session.gradNorm(),
                session.clip(),
                tokensPerSecond,
                now / 1e9));
        listener.progress(finished, plan.steps(), session.loss(), tokensPerSecond);
    }

    private void evaluate(long finished) {
        long before = System.nanoTime();
        evalLoss = session.evaluate();
        evalNanos += System.nanoTime() - before;
        long tokens = finished * plan.tokensPerStep();
        log.eval(
                finished,
                tokens,
                tokens * plan.flopsPerToken(),
                evalLoss,
                session.evalTokens(),
                (System.nanoTime() - start) / 1e9);
    }

    private RunOutcome outcome(RunStatus status, long finished, String reason) {
        return new RunOutcome(
                status,
                finished,
                finished * plan.tokensPerStep(),
                tailCount == 0 ? Double.NaN : tailSum / tailCount,
                evalLoss,
                (System.nanoTime() - start) / 1e9,
                reason);
    }
}
