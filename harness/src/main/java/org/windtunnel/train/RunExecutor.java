package org.windtunnel.train;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.backend.OutOfMemory;
import org.windtunnel.checkpoint.Checkpoint;
import org.windtunnel.checkpoint.HostCopy;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.DataSpec;
import org.windtunnel.config.RuntimeSpec;
import org.windtunnel.config.RuntimeSpec.OnOutOfMemory;
import org.windtunnel.data.Dataset;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.record.RunDirectoryException;
import org.windtunnel.record.RunLog;
import org.windtunnel.record.RunStatus;

/**
 * Executes runs one after another in this process, each in its directory, and marks how each ended. The backend and the
 * data are kept for the next run when it asks for the same.
 */
public final class RunExecutor implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunExecutor.class);

    private static final int MAX_RESTARTS = 3;
    private static final long FIRST_PAUSE_NANOS = 2_000_000_000L;
    private static final int PAUSE_GROWTH = 4;

    private final Path baseDir;
    private final Datasets datasets;
    private final Preemption preemption;
    private final Function<RuntimeSpec, Backend> opener;
    private final HostCopy copy = new HostCopy();
    private RuntimeSpec openedRuntime;
    private Backend backend;

    /** @param baseDir where relative data paths of a config start */
    public RunExecutor(Path baseDir) {
        this(baseDir, new Preemption());
    }

    /** @param preemption ends the run under way, and every further one after its first step */
    public RunExecutor(Path baseDir, Preemption preemption) {
        this(baseDir, preemption, Backends::open);
    }

    /** @param opener opens backends */
    RunExecutor(Path baseDir, Preemption preemption, Function<RuntimeSpec, Backend> opener) {
        this(baseDir, new Datasets(baseDir), preemption, opener);
    }

    /** @param datasets may be shared with executors of other threads */
    RunExecutor(Path baseDir, Datasets datasets, Preemption preemption, Function<RuntimeSpec, Backend> opener) {
        this.opener = opener;
        this.baseDir = baseDir;
        this.datasets = datasets;
        this.preemption = preemption;
    }

    /** The data of a run, opened once for runs that share them. */
    public Dataset dataset(DataSpec spec) {
        return datasets.open(spec);
    }

    /** The backend of a run, opened once for runs that share it. */
    public Backend backend(RuntimeSpec spec) {
        if (!spec.equals(openedRuntime)) {
            close();
            backend = opener.apply(spec);
            openedRuntime = spec;
            LOG.info("backend {}: {}", backend.name(), backend.describe());
        }
        return backend;
    }

    /**
     * Runs the job from its newest good checkpoint, or from its first step where there is none. A run that has ended as
     * DONE or DIVERGED is done anew.
     *
     * <p>A backend that this machine cannot have is refused before the directory is touched. Anything that goes wrong
     * once the directory is owned is recorded there as FAILED before it is thrown on; its checkpoints stay.
     *
     * @throws ConfigException if the experiment cannot be run
     * @throws OutOfMemory if it does not fit, and {@code runtime.on_out_of_memory} does not have it tried again
     * @throws RunDirectoryException if the directory is another process's or cannot be written
     */
    public RunOutcome execute(RunJob job, Path directory, ProgressListener listener) {
        Backends.requireUsable(job.spec().runtime());
        try (RunDirectory run = RunDirectory.open(directory)) {
            try {
                RunOutcome outcome = trainWithRestarts(job, run, listener);
                run.note(outcome.status() + " after " + outcome.steps() + " steps"
                        + (outcome.reason() == null ? "" : ": " + outcome.reason()));
                run.finish(outcome.status(), marker(outcome));
                return outcome;
            } catch (RunDirectoryException e) {
                throw e;
            } catch (RuntimeException | OutOfMemoryError | LinkageError e) {
                run.note("FAILED: " + e.getMessage());
                run.finish(RunStatus.FAILED, JsonNodeFactory.instance.objectNode().put("reason", String.valueOf(e.getMessage())));
                throw e;
            }
        }
    }

    /** What else is on the machine may have taken the memory for a while; what is done by then is kept. */
    private RunOutcome trainWithRestarts(RunJob job, RunDirectory run, ProgressListener listener) {
        long pause = FIRST_PAUSE_NANOS;
        for (int restart = 1; ; restart++) {
            try {
                return train(job, run, listener);
            } catch (OutOfMemory | OutOfMemoryError e) {
                if (job.spec().runtime().onOutOfMemory() != OnOutOfMemory.RESTART || restart > MAX_RESTARTS
                        || preemption.reason() != null) {
                    throw e;
                }
                close();
                run.note(String.format("out of memory (%s); restart %d of %d in %.0f s", e.getMessage(), restart, MAX_RESTARTS,
                        pause / 1e9));
                LockSupport.parkNanos(pause);
                pause *= PAUSE_GROWTH;
            }
        }
    }

    private RunOutcome train(RunJob job, RunDirectory run, ProgressListener listener) {
        Resumption resumption = new Resumption(job, run);
        resumption.prepare();
        writeConfig(job, run);
        Dataset data = dataset(job.spec().data());
        ModelPlan plan = ModelPlan.of(job.spec(), data.shape());
        Backend device = backend(job.spec().runtime());
        MemoryLedger ledger = plan.ledger(device.storagePolicy());
        ledger.requireAvailable(device);
        device.reserve(ledger.onBackend());
        List<InputFile> files = InputFile.of(job.spec(), baseDir);
        String fingerprint = Resumption.fingerprint(data.provenance(), files);
        try (RunSession session = new RunSession(plan, data, device)) {
            Checkpoint own = resumption.find(fingerprint);
            Checkpoint from = own != null || job.branch() == null ? own : resumption.trunk(job.branch(), fingerprint);
            TrunkState trunk = job.branch() == null ? null : new TrunkState(from, own == null);
            writeConfig(job, run);
            run.writeJson(
                    "manifest.json",
                    Manifest.of(job, plan, data, device, session.optimizer().stateBytes(), trunk, files));
            try (RunLog log = new RunLog(run, job.spec().diagnostics().enabled());
                    StateKeeper keeper = new StateKeeper(job, run, session, fingerprint, copy)) {
                Trainer trainer = new Trainer(plan, session, log, listener, keeper, preemption);
                if (trunk != null) {
                    keeper.register(trunk);
                }
                if (own != null) {
                    keeper.restore(own);
                } else if (from != null) {
                    trainer.startAt(job.branch().step(), keeper.branchFrom(from, trainer));
                } else if (job.spec().init() != null) {
                    session.load(baseDir.resolve(job.spec().init()));
                }
                RunOutcome outcome = trainer.run();
                keeper.summarize();
                return outcome;
            }
        }
    }

    private static void writeConfig(RunJob job, RunDirectory run) {
        run.writeText("config.yaml", job.givenYaml());
        run.writeText("resolved.yaml", job.resolvedYaml());
    }

    private static ObjectNode marker(RunOutcome outcome) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("steps", outcome.steps());
        node.put("tokens", outcome.tokens());
        if (Double.isFinite(outcome.trainLoss())) {
            node.put("train_loss", outcome.trainLoss());
        }
        if (Double.isFinite(outcome.evalLoss())) {
            node.put("eval_loss", outcome.evalLoss());
        }
        if (Double.isFinite(outcome.evalError())) {
            node.put("eval_error", outcome.evalError());
            node.put("eval_accuracy", 1 - outcome.evalError());
        }
        node.put("wall_s", Math.round(outcome.wallSeconds() * 1e3) / 1e3);
        if (outcome.skipped() > 0) {
            node.put("skipped_steps", outcome.skipped());
        }
        if (outcome.reason() != null) {
            node.put("reason", outcome.reason());
        }
        return node;
    }

    @Override
    public void close() {
        if (backend != null) {
            backend.close();
            backend = null;
            openedRuntime = null;
        }
    }
}
