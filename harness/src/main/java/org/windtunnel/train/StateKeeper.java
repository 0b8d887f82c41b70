package org.windtunnel.train;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.windtunnel.checkpoint.Checkpoint;
import org.windtunnel.checkpoint.CheckpointMeta;
import org.windtunnel.checkpoint.Checkpointer;
import org.windtunnel.checkpoint.Checkpoints;
import org.windtunnel.checkpoint.HostCopy;
import org.windtunnel.config.CheckpointSpec;
import org.windtunnel.config.ConfigException;
import org.windtunnel.record.RunDirectory;

/** Saves and restores one run: its tensors, its counters, and how far its logs were written. */
public final class StateKeeper implements AutoCloseable {
    private final RunJob job;
    private final RunDirectory run;
    private final RunSession session;
    private final String data;
    private final CheckpointSpec policy;
    private final Checkpointer checkpointer;
    private final List<Resumable> parts = new ArrayList<>();
    private long lastNanos = System.nanoTime();
    private long lastStep = -1;

    /** @param data fingerprint of the corpus @param copy not used by another run until this is closed */
    StateKeeper(RunJob job, RunDirectory run, RunSession session, String data, HostCopy copy) {
        this.job = job;
        this.run = run;
        this.session = session;
        this.data = data;
        this.policy = job.spec().checkpoint();
        this.checkpointer = new Checkpointer(run, policy, session.tensors(), copy);
    }

    /** Adds something to what is saved and restored. */
    public void register(Resumable part) {
        parts.add(part);
    }

    /** Whether the policy wants the state after {@code step} steps, within the run. */
    boolean isDue(long step) {
        return policy.isDue(step)
                || policy.everySeconds() > 0 && System.nanoTime() - lastNanos >= policy.everySeconds() * 1e9;
    }

    /** Whether it wants the state at the end of the run. */
    boolean isDueAtEnd(long step) {
        return policy.atEnd() || policy.keepsForGood(step);
    }

    /** Whether it wants the state whenever the evaluation is the best so far. */
    boolean keepsBest() {
        return policy.keepBest();
    }

    /**
     * Saves the state between two steps; it is written while the run goes on.
     *
     * @param evalLoss of an evaluation at this step; NaN if there was none
     */
    void save(long step, double evalLoss) {
        if (step == lastStep) {
            return;
        }
        ObjectNode state = JsonNodeFactory.instance.objectNode();
        parts.forEach(part -> part.save(state.putObject(part.stateName())));
        boolean saved = checkpointer.save(new CheckpointMeta(step, job.runId(), job.identity(), data,
                session.optimizer().steps(), evalLoss, run.positions(), state));
        if (saved) {
            lastStep = step;
        } else {
            run.note("no checkpoint at step " + step + ": a weight is not a finite number");
        }
        lastNanos = System.nanoTime();
    }

    /** Adds a line to the run's log for people. */
    void note(String message) {
        run.note(message);
    }

    /** Waits until what was saved is on the disk. */
    void flush() {
        checkpointer.flush();
    }

    /** Says in the run's log what the checkpoints took. */
    void summarize() {
        if (checkpointer.saved() > 0) {
            run.note(String.format("%d checkpoints of %s, which held up the run for at most %.1f ms each", checkpointer.saved(),
                    MemoryLedger.bytes(session.tensors().bytes()), checkpointer.longestPauseNanos() / 1e6));
        }
    }

    /**
     * Puts the run back to where it was when it was saved.
     *
     * @throws ConfigException if the checkpoint does not fit this run
     */
    void restore(Checkpoint checkpoint) {
        loadTensors(checkpoint);
        for (Resumable part : parts) {
            part.restore(saved(checkpoint, part));
        }
        lastStep = checkpoint.meta().step();
    }

    /**
     * Goes back to the newest good checkpoint of this run, logs included; later ones are removed.
     *
     * @param before only one of fewer steps will do, if there is such a one
     * @return whether there was a checkpoint at all
     */
    boolean rollBack(long before) {
        checkpointer.flush();
        Checkpoints checkpoints = new Checkpoints(run.path());
        Checkpoint found = checkpoints.newest(c -> c.meta().step() < before
                        ? run.damage(c.meta().logs())
                        : Optional.of("it leads into the same trouble"))
                .checkpoint();
        if (found == null) {
            found = checkpoints.newest(c -> run.damage(c.meta().logs())).checkpoint();
        }
        if (found == null) {
            return false;
        }
        run.rewind(found.meta().logs());
        checkpoints.removeAfter(found.meta().step());
        restore(found);
        return true;
    }

    private static ObjectNode saved(Checkpoint checkpoint, Resumable part) {
        if (checkpoint.meta().state().get(part.stateName()) instanceof ObjectNode saved) {
            return saved;
        }
        throw new ConfigException(checkpoint.path() + " has no state of " + part.stateName()
                + "; train the run anew with --again");
    }

    /** Takes weights and optimizer from a trunk's checkpoint. @return what it says of the trunk's {@code part} */
    ObjectNode branchFrom(Checkpoint checkpoint, Resumable part) {
        loadTensors(checkpoint);
        return saved(checkpoint, part);
    }

    private void loadTensors(Checkpoint checkpoint) {
        checkpoint.load(session.tensors());
        session.optimizer().restoreSteps(checkpoint.meta().optimizerSteps());
    }

    @Override
    public void close() {
        checkpointer.close();
    }
}
