package org.windtunnel.schedule;

import java.nio.file.Path;
import java.util.Locale;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ScheduleSpec;
import org.windtunnel.config.ScheduleSpec.Convention;
import org.windtunnel.config.ScheduleSpec.DecayShape;

/** Builds schedules from their configuration. */
public final class Schedules {
    private Schedules() {}

    /**
     * The schedule of a run.
     *
     * <p>Steps past the end keep the final factor, except that a half-life decay goes on.
     *
     * @param totalSteps optimizer steps of the run, the T that fractions and the end of the decay refer to
     * @throws ConfigException if the settings do not fit the run or each other
     */
    public static Schedule of(ScheduleSpec spec, long totalSteps) {
        if (totalSteps <= 0) {
            throw new ConfigException("schedule: expected a run of at least one step, found " + totalSteps);
        }
        if (spec instanceof ScheduleSpec.Constant s) {
            Ramp ramp = ramp(s.warmup(), s.warmupFrom(), s.convention(), totalSteps);
            return i -> ramp.covers(i) ? ramp.at(i) : 1;
        }
        if (spec instanceof ScheduleSpec.Cosine s) {
            Ramp ramp = ramp(s.warmup(), s.warmupFrom(), s.convention(), totalSteps);
            long hold = steps("hold", s.hold(), totalSteps);
            return falling(ramp, totalSteps - hold, DecayShape.COSINE, floor(s.floor()));
        }
        if (spec instanceof ScheduleSpec.Linear s) {
            Ramp ramp = ramp(s.warmup(), s.warmupFrom(), s.convention(), totalSteps);
            return falling(ramp, totalSteps, DecayShape.LINEAR, floor(s.floor()));
        }
        if (spec instanceof ScheduleSpec.Wsd s) {
            return wsd(s, totalSteps);
        }
        return refined((ScheduleSpec.Refined) spec, totalSteps);
    }

    /** The factors of steps 0 .. {@code count}-1. */
    public static double[] multipliers(Schedule schedule, int count) {
        double[] out = new double[count];
        for (int i = 0; i < count; i++) {
            out[i] = schedule.multiplier(i);
        }
        return out;
    }

    /** A decay that begins where the warm-up ends. */
    private static Schedule falling(Ramp ramp, long end, DecayShape shape, double floor) {
        long length = end - ramp.steps();
        if (length < 0) {
            throw new ConfigException("schedule: expected warmup and hold to fit the run, found a warm-up of "
                    + ramp.steps() + " steps and a decay that must end at step " + end + "; shorten one of them");
        }
        return joined(ramp, new Decay(ramp.steps(), length, shape, floor, 0));
    }

    private static Schedule wsd(ScheduleSpec.Wsd s, long totalSteps) {
        Ramp ramp = ramp(s.warmup(), s.warmupFrom(), s.convention(), totalSteps);
        long length = steps("decay", s.decay(), totalSteps);
        if (ramp.steps() + length > totalSteps) {
            throw new ConfigException("schedule: expected warmup and decay to fit a run of " + totalSteps
                    + " steps, found " + ramp.steps() + " + " + length + "; shorten one of them");
        }
        double floor = floor(s.floor());
        if (s.shape() == DecayShape.EXPONENTIAL && floor == 0) {
            throw new ConfigException("schedule: expected floor > 0 for shape exponential, which is floor^x, found 0; "
                    + "set floor (0.1, say) or choose another shape");
        }
        boolean halving = s.shape() == DecayShape.HALF_LIFE;
        if (halving != (s.halfLife() != null)) {
            throw new ConfigException("schedule: expected half_life exactly with shape half_life, found shape "
                    + s.shape().name().toLowerCase(Locale.ROOT)
                    + (halving ? " without half_life" : " with half_life " + s.halfLife()));
        }
        double halfLife = halving ? halfLife(s.halfLife(), totalSteps) : 0;
        return joined(ramp, new Decay(totalSteps - length, length, s.shape(), floor, halfLife));
    }

    private static Schedule joined(Ramp ramp, Decay decay) {
        return i -> ramp.covers(i) ? ramp.at(i) : decay.at(ramp.count(i));
    }

    private static Schedule refined(ScheduleSpec.Refined s, long totalSteps) {
        if ((s.curve() == null) == (s.gradNorms() == null)) {
            throw new ConfigException("schedule: expected exactly one of curve and grad_norms for type refined, found "
                    + (s.curve() == null ? "neither" : "both"));
        }
        double[] norms = s.curve() != null
                ? GradientNorms.ofCurve(Path.of(s.curve()))
                : s.gradNorms().stream().mapToDouble(Double::doubleValue).toArray();
        double[] perStep = GradientNorms.resample(norms, Math.toIntExact(totalSteps));
        long window = steps("smoothing", s.smoothing(), totalSteps);
        double[] factors = RefinedDecay.of(GradientNorms.medianFilter(perStep, Math.toIntExact(window)), s.power());
        return i -> factors[(int) Math.min(i, factors.length - 1)];
    }

    private static Ramp ramp(double warmup, double from, Convention convention, long totalSteps) {
        if (!(from >= 0 && from <= 1)) {
            throw new ConfigException("schedule: expected warmup_from in [0, 1], found " + from);
        }
        return new Ramp(steps("warmup", warmup, totalSteps), from, convention);
    }

    private static double floor(double floor) {
        if (!(floor >= 0 && floor <= 1)) {
            throw new ConfigException(
                    "schedule: expected floor, a fraction of the peak rate, in [0, 1], found " + floor);
        }
        return floor;
    }

    private static double halfLife(double value, long totalSteps) {
        double halfLife = value < 1 ? value * totalSteps : value;
        if (!(halfLife > 0)) {
            throw new ConfigException("schedule: expected half_life > 0, found " + value);
        }
        return halfLife;
    }

    /** A length in steps; fractions are rounded down, with room for the rounding of a product such as 0.29 · 100. */
    private static long steps(String key, double value, long totalSteps) {
        if (!(value >= 0) || (value >= 1 && value != Math.rint(value))) {
            throw new ConfigException("schedule: expected " + key
                    + " in whole steps, or below 1 as a fraction of the run, found " + value);
        }
        double steps = value < 1 ? Math.floor(value * totalSteps + 1e-9) : value;
        if (steps > totalSteps) {
            throw new ConfigException("schedule: expected " + key + " of at most the run's " + totalSteps
                    + " steps, found " + (long) steps + "; train longer or shorten it");
        }
        return (long) steps;
    }
}
