package org.windtunnel.config;

import java.util.List;

/**
 * Learning-rate schedules.
 *
 * <p>Lengths ({@code warmup}, {@code decay}, {@code hold}, {@code half_life}) below 1 are fractions of the run, others
 * are steps. All values are factors on the peak rate.
 */
public sealed interface ScheduleSpec
        permits ScheduleSpec.Constant,
                ScheduleSpec.Cosine,
                ScheduleSpec.Linear,
                ScheduleSpec.Wsd,
                ScheduleSpec.Refined {

    /** The peak rate throughout. */
    @Variant(value = "constant", doc = "The peak rate throughout, after warm-up")
    record Constant(
            @Key(value = ScheduleDocs.WARMUP, def = "0", unit = ScheduleDocs.LENGTH) double warmup,
            @Key(value = ScheduleDocs.WARMUP_FROM, def = "0") double warmupFrom,
            @Key(value = ScheduleDocs.CONVENTION, def = "house") Convention convention)
            implements ScheduleSpec {}

    /** Half a cosine from the peak to the floor (Loshchilov and Hutter, arXiv 1608.03983, without restarts). */
    @Variant(value = "cosine", doc = "Half a cosine from the peak to the floor; with hold, constant at the floor after it")
    record Cosine(
            @Key(value = ScheduleDocs.WARMUP, def = "0", unit = ScheduleDocs.LENGTH) double warmup,
            @Key(value = ScheduleDocs.WARMUP_FROM, def = "0") double warmupFrom,
            @Key(value = ScheduleDocs.FLOOR, def = "0.1") double floor,
            @Key(value = "Time at the floor after the cosine: steps, or below 1 a fraction of the run", def = "0",
                            unit = ScheduleDocs.LENGTH)
                    double hold,
            @Key(value = ScheduleDocs.CONVENTION, def = "house") Convention convention)
            implements ScheduleSpec {}

    /** A straight line from the peak to the floor; to zero it is D2Z (arXiv 2502.15938). */
    @Variant(value = "linear", doc = "A straight line from the peak to the floor")
    record Linear(
            @Key(value = ScheduleDocs.WARMUP, def = "0", unit = ScheduleDocs.LENGTH) double warmup,
            @Key(value = ScheduleDocs.WARMUP_FROM, def = "0") double warmupFrom,
            @Key(value = ScheduleDocs.FLOOR, def = "0") double floor,
            @Key(value = ScheduleDocs.CONVENTION, def = "house") Convention convention)
            implements ScheduleSpec {}

    /** Warm-up, stable, decay (MiniCPM, arXiv 2404.06395; decay shapes of Hägele et al., arXiv 2405.18392). */
    @Variant(value = "wsd", doc = "Warm-up, stable at the peak, then a decay over the last steps")
    record Wsd(
            @Key(value = ScheduleDocs.WARMUP, def = "0", unit = ScheduleDocs.LENGTH) double warmup,
            @Key(value = ScheduleDocs.WARMUP_FROM, def = "0") double warmupFrom,
            @Key(value = "Length of the decay at the end of the run: steps, or below 1 a fraction of the run", def = "0.2",
                            unit = ScheduleDocs.LENGTH)
                    double decay,
            @Key(value = "one_minus_sqrt, linear, cosine, square (1 - x^2), mirror_cosine (2 linear - cosine), "
                            + "exponential (floor^x) or half_life (MiniCPM)", def = "one_minus_sqrt")
                    DecayShape shape,
            @Key(value = ScheduleDocs.FLOOR, def = "0") double floor,
            @Key(value = "For shape half_life: time in which the rate halves; steps, or below 1 a fraction of the run",
                            def = Key.NONE, unit = ScheduleDocs.LENGTH)
                    Double halfLife,
            @Key(value = ScheduleDocs.CONVENTION, def = "house") Convention convention)
            implements ScheduleSpec {}

    /** Refined linear decay from the gradient norms of an earlier run (Defazio et al., arXiv 2310.07831). */
    @Variant(value = "refined", doc = "Refined linear decay from the gradient norms of an earlier run")
    record Refined(
            @Key(value = "curve.jsonl of the earlier run; give this or grad_norms", def = Key.NONE) String curve,
            @Key(value = "Gradient norms, evenly spaced over the earlier run; give this or curve", def = Key.NONE)
                    List<Double> gradNorms,
            @Key(value = "Weights are norm^-power: 2 for SGD, 1 for Adam-like optimizers", def = "2") double power,
            @Key(value = "Median filter over the norms: steps, or below 1 a fraction of the run; 0 for none", def = "0.1",
                            unit = ScheduleDocs.LENGTH)
                    double smoothing)
            implements ScheduleSpec {}

    /** Shape of a WSD decay. */
    enum DecayShape {
        LINEAR,
        COSINE,
        ONE_MINUS_SQRT,
        SQUARE,
        MIRROR_COSINE,
        EXPONENTIAL,
        HALF_LIFE
    }

    /** How steps are counted; W is the length of the warm-up and i the step, counted from 0. */
    enum Convention {
        /** Evaluated at i+1: warm-up (i+1)/W, so step 0 moves, step W-1 is at the peak and the last step at the floor. */
        HOUSE,
        /** nanoGPT: warm-up (i+1)/(W+1), decay evaluated at i, so the floor is first reached one step past its end. */
        NANOGPT,
        /** optax, ArchScale, BMTrain, epfml (with {@code warmup_from: 0.01}): warm-up i/W, decay evaluated at i. */
        OPTAX,
        /** MultiPowerLaw: warm-up i/(W-1), decay evaluated at i. */
        MULTI_POWER_LAW
    }
}
