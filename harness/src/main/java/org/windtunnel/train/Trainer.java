package org.windtunnel.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.windtunnel.checkpoint.ExactNumbers;
import org.windtunnel.config.GuardSpec.OnDivergence;
import org.windtunnel.config.GuardSpec.OnSpike;
import org.windtunnel.config.TrainSpec;
import org.windtunnel.record.RunLog;
import org.windtunnel.record.RunLog.CurvePoint;
import org.windtunnel.record.RunStatus;

/**
 * The training loop: steps, curve lines, evaluations, checkpoints, guards that skip steps or end a diverged run, and the
 * end on request.
 */
public final class Trainer implements Resumable {
    private final ModelPlan plan;
    private final RunSession session;
    private final RunLog log;
    private final ProgressListener listener;
    private final StateKeeper keeper;
    private final Preemption preemption;
    private final Guards guards;
    private final Monitor monitor;
    private final TrainSpec train;

    private long start = System.nanoTime();
    private long evalNanos;
    private long lineNanos;
    private long lineStep;
    private long finished;
    private double firstLoss = Double.NaN;
    private double evalLoss = Double.NaN;
    private double evalError = Double.NaN;
    private double bestEvalLoss = Double.POSITIVE_INFINITY;
    private double tailSum;
    private long tailCount;
    private long batchShift;
    private long restarts;
    private long lastTrouble;
    private long lastRestart;
    /** Whether a step beyond the finished ones is queued. */
    private boolean ahead;

    /**
     * @param log receives the curve and the evaluations; the caller closes it
     * @param keeper saves the state; this trainer becomes part of it
     */
    public Trainer(
            ModelPlan plan,
            RunSession session,
            RunLog log,
            ProgressListener listener,
            StateKeeper keeper,
            Preemption preemption) {
        this.plan = plan;
        this.session = session;
        this.log = log;
        this.listener = listener;
        this.keeper = keeper;
        this.preemption = preemption;
        this.train = plan.spec().train();
        this.guards = new Guards(train);
        this.monitor = new Monitor(session, log);
        keeper.register(this);
        keeper.register(guards);
        keeper.register(monitor);
    }

    /** Lets {@link #run} begin where a trunk was; of the trunk's state only its first loss is this run's as well. */
    void startAt(long step, ObjectNode trunk) {
        finished = step;
        lineStep = step;
        firstLoss = ExactNumbers.get(trunk, "first_loss");
    }

    /** Runs to the end of the budget, to divergence, or to the end of the step in which preemption is requested. */
    public RunOutcome run() {
        long steps = plan.steps();
        while (finished < steps) {
            Guards.Verdict verdict = step();
            if (verdict == Guards.Verdict.RESTART && restart()) {
                continue;
            }
            boolean proceeds = verdict == Guards.Verdict.PROCEED;
            if (finished % train.logEvery() == 0 || finished == steps || finished == 1 || !proceeds) {
                logLine(verdict);
            }
            if (verdict == Guards.Verdict.STOP || verdict == Guards.Verdict.RESTART) {
                keeper.flush();
                return outcome(RunStatus.DIVERGED, guards.reason() + restartsDone());
            }
            if (proceeds && finished > steps - Math.max(1, steps / 10)) {
                tailSum += session.loss();
                tailCount++;
            }
            if (ahead) {
                continue;
            }
            boolean evaluated = evaluatesAt(finished);
            if (evaluated) {
                evaluate();
            }
            checkpoint(evaluated ? evalLoss : Double.NaN);
            if (preemption.reason() != null && finished < steps) {
                keeper.save(finished, evaluated ? evalLoss : Double.NaN);
                keeper.flush();
                return outcome(RunStatus.PREEMPTED, preemption.reason());
            }
        }
        keeper.flush();
        return Double.isFinite(evalLoss)
                ? outcome(RunStatus.DONE, null)
                : outcome(RunStatus.DIVERGED, "the evaluation loss is " + evalLoss);
    }

    /**
     * Does a step. Where work is queued, the figures of a step are looked at when the next one is at work already,
     * unless something is to happen between the two.
     */
    private Guards.Verdict step() {
        if (!ahead && !canBeQueued(finished)) {
            return stepAtOnce();
        }
        if (!ahead) {
            session.queue(finished);
        }
        ahead = !pausesAfter(finished) && canBeQueued(finished + 1);
        if (ahead) {
            session.queue(finished + 1);
        }
        session.receive();
        Guards.Verdict verdict = judge();
        monitor.beforeUpdate(finished + 1, verdict != Guards.Verdict.PROCEED);
        finished++;
        return verdict;
    }

    /** Whether nothing needs to happen between the backward pass of a step (0-based) and its update. */
    private boolean canBeQueued(long step) {
        return session.runsAhead() && guards.mayJudgeLate() && !monitor.isDue(step + 1);
    }

    /** Whether the state after a step (0-based) is wanted. */
    private boolean pausesAfter(long step) {
        return evaluatesAt(step + 1) || keeper.isDue(step + 1) || preemption.reason() != null;
    }

    private boolean evaluatesAt(long done) {
        return done == plan.steps() || train.evalEvery() > 0 && done % train.evalEvery() == 0;
    }

    private Guards.Verdict judge() {
        if (Double.isNaN(firstLoss)) {
            firstLoss = session.loss();
        }
        return guards.judge(session.loss(), session.gradNorm(), firstLoss);
    }

    private Guards.Verdict stepAtOnce() {
        session.backward(finished);
        Guards.Verdict verdict = judge();
        boolean proceeds = verdict == Guards.Verdict.PROCEED;
        monitor.beforeUpdate(finished + 1, !proceeds);
        if (proceeds) {
            session.update();
        }
        finished++;
        if (proceeds || verdict == Guards.Verdict.SKIP) {
            long tokens = finished * plan.tokensPerStep();
            monitor.afterUpdate(finished, tokens, tokens * plan.flopsPerToken(), System.nanoTime() - start);
        }
        return verdict;
    }

    /**
     * Goes back to a checkpoint and leaves out the batches from there to the one just seen. When the same stretch goes
     * wrong again, it goes back further.
     *
     * @return false if the run cannot be restarted
     */
    private boolean restart() {
        String reason = guards.reason();
        long trouble = finished;
        long nextBatch = finished + batchShift;
        long done = restarts;
        ahead = false;
        session.forgetQueued();
        if (done == train.guards().maxRestarts() || !keeper.rollBack(trouble <= lastTrouble ? lastRestart : trouble)) {
            return false;
        }
        restarts = done + 1;
        lastTrouble = trouble;
        lastRestart = finished;
        batchShift = nextBatch - finished;
        session.shiftBatches(batchShift);
        keeper.note("step " + trouble + ": " + reason + "; back to step " + finished + ", leaving out "
                + (trouble - finished) + " batches");
        return true;
    }

    private String restartsDone() {
        if (restarts > 0) {
            return ", after " + restarts + " restarts";
        }
        boolean wanted = train.guards().onDivergence() == OnDivergence.RESTART || train.guards().onSpike() == OnSpike.RESTART;
        return wanted ? "; there is no checkpoint to restart from" : "";
    }

    private void checkpoint(double evaluation) {
        boolean best = keeper.keepsBest() && evaluation < bestEvalLoss;
        if (best) {
            bestEvalLoss = evaluation;
        }
        if (best || (finished < plan.steps() ? keeper.isDue(finished) : keeper.isDueAtEnd(finished))) {
            keeper.save(finished, evaluation);
        }
    }

    @Override
    public String stateName() {
        return "trainer";
    }

    @Override
    public void save(ObjectNode into) {
        into.put("finished", finished).put("line_step", lineStep).put("tail_count", tailCount);
        into.put("batch_shift", batchShift).put("restarts", restarts);
        into.put("last_trouble", lastTrouble).put("last_restart", lastRestart);
        into.put("elapsed_ns", System.nanoTime() - start).put("eval_ns", evalNanos).put("line_ns", lineNanos);
        ExactNumbers.put(into, "first_loss", firstLoss);
        ExactNumbers.put(into, "eval_loss", evalLoss);
        if (!Double.isNaN(evalError)) {
            ExactNumbers.put(into, "eval_error", evalError);
        }
        ExactNumbers.put(into, "best_eval_loss", bestEvalLoss);
        ExactNumbers.put(into, "tail_sum", tailSum);
    }

    @Override
    public void restore(ObjectNode from) {
        finished = from.path("finished").asLong();
        lineStep = from.path("line_step").asLong();
        tailCount = from.path("tail_count").asLong();
        batchShift = from.path("batch_shift").asLong();
        session.shiftBatches(batchShift);
        restarts = from.path("restarts").asLong();
        lastTrouble = from.path("last_trouble").asLong();
        lastRestart = from.path("last_restart").asLong();
        start = System.nanoTime() - from.path("elapsed_ns").asLong();
        evalNanos = from.path("eval_ns").asLong();
        lineNanos = from.path("line_ns").asLong();
        firstLoss = ExactNumbers.get(from, "first_loss");
        evalLoss = ExactNumbers.get(from, "eval_loss");
        evalError = from.has("eval_error") ? ExactNumbers.get(from, "eval_error") : Double.NaN;
        bestEvalLoss = ExactNumbers.get(from, "best_eval_loss");
        tailSum = ExactNumbers.get(from, "tail_sum");
    }

    private void logLine(Guards.Verdict verdict) {
        long now = System.nanoTime() - start - evalNanos - monitor.nanos();
        double tokensPerSecond = (finished - lineStep) * (double) plan.tokensPerStep() / Math.max(1, now - lineNanos) * 1e9;
        Speed speed = Speed.of(tokensPerSecond, plan.flopsPerToken(), session.peakFlops());
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
                speed.tokensPerSecond(),
                speed.mfu(),
                now / 1e9,
                verdict == Guards.Verdict.SKIP ? guards.reason() : null));
        listener.progress(finished, plan.steps(), session.loss(), speed);
    }

    private void evaluate() {
        long before = System.nanoTime();
        evalLoss = session.evaluate();
        evalError = session.evalError();
        evalNanos += System.nanoTime() - before;
        long tokens = finished * plan.tokensPerStep();
        log.eval(
                finished,
                tokens,
                tokens * plan.flopsPerToken(),
                evalLoss,
                evalError,
                session.evalUnits(),
                (System.nanoTime() - start) / 1e9);
    }

    private RunOutcome outcome(RunStatus status, String reason) {
        return new RunOutcome(
                status,
                finished,
                finished * plan.tokensPerStep(),
                tailCount == 0 ? Double.NaN : tailSum / tailCount,
                evalLoss,
                evalError,
                (System.nanoTime() - start) / 1e9,
                guards.skipped(),
                reason);
    }
}
