package org.windtunnel.config;

/** Learning-rate schedules. */
public sealed interface ScheduleSpec permits ScheduleSpec.Constant {

    /** The peak rate throughout. */
    @Variant(value = "constant", doc = "The peak rate throughout")
    record Constant(@Key(value = "Steps of linear warm-up", def = "0", unit = "steps") long warmup)
            implements ScheduleSpec {}
}
