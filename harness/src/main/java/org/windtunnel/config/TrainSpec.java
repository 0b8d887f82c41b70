package org.windtunnel.config;

/** Batch, budget, clipping and evaluation. */
public record TrainSpec(
        @Key(value = "Budget, images for models of images; give this or steps", def = Key.NONE, unit = "tokens") @Range(min = 1) Long tokens,
        @Key(value = "Optimizer steps; give this or tokens", def = Key.NONE, unit = "steps") @Range(min = 1) Long steps,
        @Key(value = "Sequences or images per optimizer step") @Range(min = 1) int batch,
        @Key(value = "Sequences or images per forward/backward; none: the whole batch at once", def = Key.NONE)
                @Range(min = 1) Integer microBatch,
        @Key(value = "Global gradient-norm limit; 0 for none", def = "1.0") @Range(min = 0) double clip,
        @Key(value = "cross_entropy, or mse: half the squared distance of the logits from the one-hot target",
                        def = "cross_entropy", later = true)
                Loss loss,
        @Key(value = "Weight of the z-loss, the mean squared log-partition", def = "0") @Range(min = 0) double zLoss,
        @Key(value = "Steps between lines of the curve", def = "1", unit = "steps") @Range(min = 1) int logEvery,
        @Key(value = "Steps between evaluations; 0: only at the end", def = "0", unit = "steps") @Range(min = 0) int evalEvery,
        @Key(value = "Sequences or images of the fixed evaluation set; none: 64 sequences, or all test images up to 10,000",
                        def = Key.NONE)
                @Range(min = 1) Integer evalSequences,
        @Key(value = "Call a run diverged when its loss is not finite or exceeds its first by this factor", def = "3")
                @Range(min = 0, aboveMin = true) double divergeFactor,
        @Key(value = "shuffled (every window once an epoch) or random (windows at uniform offsets)", def = "shuffled")
                Sampling sampling,
        @Key(value = "What is done about steps that go wrong", def = "{}", later = true) GuardSpec guards) {

    public TrainSpec {
        if (loss == Loss.MSE && zLoss != 0) {
            throw ConfigException.of("z_loss", "train: expected z_loss 0 with loss mse, which has no partition function, "
                    + "found " + zLoss);
        }
    }

    private static final int SEQUENCES = 64;
    private static final int IMAGES = 10_000;

    /**
     * The same with the number of evaluation sequences decided, where they are tokens. Of images it stays open until the
     * test set is known: an error rate needs as many as there are, with 64 its standard error is 4 points at 10 %.
     */
    TrainSpec forData(boolean images) {
        return images || evalSequences != null ? this : new TrainSpec(tokens, steps, batch, microBatch, clip, loss, zLoss,
                logEvery, evalEvery, SEQUENCES, divergeFactor, sampling, guards);
    }

    /**
     * Images of the evaluation set.
     *
     * @param available in the test set
     * @throws ConfigException if more were asked for
     */
    public int evaluatedImages(long available) {
        int images = evalSequences == null ? (int) Math.min(IMAGES, available) : evalSequences;
        if (images > available) {
            throw new ConfigException("train.eval_sequences: expected at most " + available
                    + ", the images of the test set, found " + images);
        }
        return images;
    }

    /** What is minimised. */
    public enum Loss {
        CROSS_ENTROPY,
        MSE
    }

    /** How training sequences are drawn from the corpus. */
    public enum Sampling {
        SHUFFLED,
        RANDOM
    }

    /** The same with a budget of so many steps. */
    public TrainSpec withSteps(long budget) {
        return new TrainSpec(null, budget, batch, microBatch, clip, loss, zLoss, logEvery, evalEvery, evalSequences,
                divergeFactor, sampling, guards);
    }

    /** The same with so many sequences per step, all in one forward and backward pass. */
    public TrainSpec withBatch(int sequences) {
        return new TrainSpec(tokens, steps, sequences, null, clip, loss, zLoss, logEvery, evalEvery, evalSequences,
                divergeFactor, sampling, guards);
    }

    /**
     * Optimizer steps.
     *
     * @param unitsPerExample tokens of a sequence, 1 for an image
     * @throws ConfigException unless one budget is given
     */
    public long resolvedSteps(int unitsPerExample) {
        if ((tokens == null) == (steps == null)) {
            throw new ConfigException("train: expected exactly one of tokens and steps, found "
                    + (tokens == null ? "neither" : "both"));
        }
        long n = steps != null ? steps : Math.max(1, Math.round(tokens / ((double) batch * unitsPerExample)));
        if (n <= 0) {
            throw new ConfigException("train: expected at least one step, found " + n);
        }
        return n;
    }
}
