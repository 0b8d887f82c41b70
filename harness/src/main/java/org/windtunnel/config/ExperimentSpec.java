package org.windtunnel.config;

import java.util.List;

/** One training run, everything decided: the root of an experiment file without its {@code sweep} and {@code analysis}. */
public record ExperimentSpec(
        @Key("Name of the experiment; the sweep directory under runs/") String name,
        @Key("The model") ModelSpec model,
        @Key("What it is trained on") DataSpec data,
        @Key(value = "How hyperparameters depend on width and depth", def = "{type: sp}")
                ParameterizationSpec parameterization,
        @Key("The optimizer") OptimizerSpec optimizer,
        @Key(value = "Learning rate over time", def = "{type: constant}") ScheduleSpec schedule,
        @Key("Batch, budget, clipping, evaluation") TrainSpec train,
        @Key(value = "Backend, threads, precision", def = "{}") RuntimeSpec runtime,
        @Key(value = "Saving the state of a run", def = "{}") CheckpointSpec checkpoint,
        @Key(value = "What is measured about the model while it trains", def = "{}") DiagnosticsSpec diagnostics,
        @Key(value = "Seed of init and data order", def = "1") long seed,
        @Key(value = "File of weights to start from instead of the parameterization's initialisation: safetensors, named as "
                        + "in nanoGPT or Hugging Face's LLaMA; a zip of ModelSerializer with family dl4j", def = Key.NONE, later = true)
                String init) {
    private static final int MAX_NAME = 100;

    public ExperimentSpec {
        train = train.forData(data instanceof ImageSpec || data instanceof DataSpec.Dl4j);
        boolean fits = !name.isBlank() && !name.startsWith(".") && name.length() <= MAX_NAME;
        if (!fits || name.chars().anyMatch(c -> c == '/' || c == '\\' || Character.isISOControl(c))) {
            throw ConfigException.of("name", "name: expected the name of a directory under runs/ (1 to " + MAX_NAME
                    + " characters, no slash, no dot in front), found \"" + name.strip() + "\"");
        }
    }

    /** This experiment under another schedule and budget. */
    public ExperimentSpec with(ScheduleSpec otherSchedule, TrainSpec otherTrain) {
        return new ExperimentSpec(name, model, data, parameterization, optimizer, otherSchedule, otherTrain, runtime,
                checkpoint, diagnostics, seed, init);
    }

    /** This experiment with its state kept at further steps. */
    public ExperimentSpec keepingAt(List<Long> steps) {
        return new ExperimentSpec(name, model, data, parameterization, optimizer, schedule, train, runtime,
                checkpoint.keepingAt(steps), diagnostics, seed, init);
    }

    /** This experiment with another model, batch or budget, and seed. */
    public ExperimentSpec with(ModelSpec otherModel, TrainSpec otherTrain, long otherSeed) {
        return new ExperimentSpec(name, otherModel, data, parameterization, optimizer, schedule, otherTrain, runtime,
                checkpoint, diagnostics, otherSeed, init);
    }
}
