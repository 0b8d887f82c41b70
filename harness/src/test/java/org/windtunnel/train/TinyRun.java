package org.windtunnel.train;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.windtunnel.config.CheckpointSpec;
import org.windtunnel.config.DataSpec;
import org.windtunnel.config.DiagnosticsSpec;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.config.GuardSpec;
import org.windtunnel.config.ModelSpec;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.ParameterizationSpec;
import org.windtunnel.config.RuntimeSpec;
import org.windtunnel.config.RuntimeSpec.BackendName;
import org.windtunnel.config.RuntimeSpec.Precision;
import org.windtunnel.config.ScheduleSpec;
import org.windtunnel.config.TrainSpec;

/** A run of under a second, on a synthetic source, for the tests of this package. */
final class TinyRun {
    private TinyRun() {}

    static final ModelSpec MODEL =
            new ModelSpec.Gpt(16, 2, 2, null, 16, 4, true, false, ModelSpec.Activation.GELU_TANH, 1e-5);
    static final DataSpec DATA = new DataSpec.Markov(32, 1, 1.2, 0.7, 1.0, null, 4096, 1);

    static final CheckpointSpec CHECKPOINT = new CheckpointSpec(0, 0, 2, 0, List.of(), false, false);

    static final DiagnosticsSpec NO_DIAGNOSTICS = new DiagnosticsSpec(0, true, true, 0, 20);
    static final GuardSpec GUARDS = new GuardSpec(
            GuardSpec.OnDivergence.STOP, GuardSpec.OnSpike.IGNORE, GuardSpec.Watched.LOSS, 6, 64, 10, 3);

    static ExperimentSpec spec(double lr, TrainSpec train, RuntimeSpec runtime) {
        return new ExperimentSpec(
                "tiny",
                MODEL,
                DATA,
                new ParameterizationSpec.Sp(0.02, 1, 1, false),
                new OptimizerSpec.AdamW(
                        lr, 0.9, 0.95, 1e-8, OptimizerSpec.EpsPlacement.AFTER, 0.1, OptimizerSpec.Decayed.MATRICES),
                new ScheduleSpec.Constant(0, 0, ScheduleSpec.Convention.HOUSE),
                train,
                runtime,
                CHECKPOINT,
                NO_DIAGNOSTICS,
                1,
                null);
    }

    static TrainSpec train(long steps, Integer microBatch, double clip) {
        return new TrainSpec(
                null, steps, 8, microBatch, clip, TrainSpec.Loss.CROSS_ENTROPY, 1e-4, 1, 20, 10, 3,
                TrainSpec.Sampling.SHUFFLED, GUARDS);
    }

    static RuntimeSpec cpu(int threads) {
        return new RuntimeSpec(BackendName.CPU, threads, Precision.FP32);
    }

    static RunJob job(ExperimentSpec spec) {
        return new RunJob("tiny", "run_0", "run", "0", Map.of("optimizer.lr", spec.optimizer().lr()), spec,
                "given: 1\n", null);
    }

    /** Trains in a directory and gives how it ended. */
    static RunOutcome run(ExperimentSpec spec, Path directory) {
        try (RunExecutor executor = new RunExecutor(Path.of("."))) {
            return executor.execute(job(spec), directory, ProgressListener.NONE);
        }
    }
}
