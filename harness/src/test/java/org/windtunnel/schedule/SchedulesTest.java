package org.windtunnel.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ScheduleSpec;
import org.windtunnel.config.ScheduleSpec.Convention;
import org.windtunnel.config.ScheduleSpec.DecayShape;

class SchedulesTest {
    private static final int T = 200;

    private static ScheduleSpec.Wsd wsd(double warmup, double decay, DecayShape shape, double floor, Convention c) {
        return new ScheduleSpec.Wsd(warmup, 0, decay, shape, floor, shape == DecayShape.HALF_LIFE ? 10.0 : null, c);
    }

    private static ScheduleSpec.Constant constant(double warmup) {
        return new ScheduleSpec.Constant(warmup, 0, Convention.HOUSE);
    }

    private static double[] values(ScheduleSpec spec, int steps) {
        return Schedules.multipliers(Schedules.of(spec, steps), steps);
    }

    @Test
    void houseConventionMovesAtStepZeroAndEndsAtTheFloor() {
        List<ScheduleSpec> specs = List.of(
                new ScheduleSpec.Cosine(10, 0, 0.1, 0, Convention.HOUSE),
                new ScheduleSpec.Linear(10, 0, 0.1, Convention.HOUSE),
                wsd(10, 0.25, DecayShape.ONE_MINUS_SQRT, 0.1, Convention.HOUSE));
        for (ScheduleSpec spec : specs) {
            double[] v = values(spec, T);
            assertThat(v[0]).isEqualTo(0.1);
            assertThat(v[8]).isLessThan(1);
            assertThat(v[9]).isEqualTo(1);
            assertThat(v[T - 2]).isGreaterThan(0.1);
            assertThat(v[T - 1]).isEqualTo(0.1);
            assertThat(Schedules.of(spec, T).multiplier(T + 5)).isEqualTo(0.1);
        }
    }

    @Test
    void withoutWarmupTheFirstStepIsAlreadyOnTheDecay() {
        double[] v = values(new ScheduleSpec.Linear(0, 0, 0, Convention.HOUSE), 4);
        assertThat(v).containsExactly(0.75, 0.5, 0.25, 0);
    }

    @ParameterizedTest
    @EnumSource(Convention.class)
    void otherConventionsWarmUpAsTheirCodeBasesDo(Convention convention) {
        double[] v = values(new ScheduleSpec.Linear(5, 0, 0, convention), 25);
        double first =
                switch (convention) {
                    case HOUSE -> 1.0 / 5;
                    case NANOGPT -> 1.0 / 6;
                    case OPTAX, MULTI_POWER_LAW -> 0;
                };
        assertThat(v[0]).isEqualTo(first);
        int peak = convention == Convention.HOUSE || convention == Convention.MULTI_POWER_LAW ? 4 : 5;
        assertThat(v[peak]).isEqualTo(1);
        assertThat(v[peak - 1]).isLessThan(1);
        assertThat(v[24]).isCloseTo(convention == Convention.HOUSE ? 0 : 0.05, within(1e-15));
        assertThat(Schedules.of(new ScheduleSpec.Linear(5, 0, 0, convention), 25).multiplier(25)).isZero();
    }

    @ParameterizedTest
    @EnumSource(DecayShape.class)
    void decaysAreMonotoneAndContinuousAtTheJoints(DecayShape shape) {
        for (Convention convention : Convention.values()) {
            int warmup = 2000;
            int total = 20000;
            int decay = 5000;
            double[] v = values(wsd(warmup, decay, shape, 0.05, convention), total);
            for (int i = 1; i < warmup; i++) {
                assertThat(v[i]).isGreaterThan(v[i - 1]);
            }
            for (int i = warmup; i < total; i++) {
                assertThat(v[i]).isLessThanOrEqualTo(v[i - 1] + (i == warmup ? 1e-3 : 0));
            }
            int start = total - decay;
            assertThat(v[warmup]).isEqualTo(1);
            assertThat(v[start - 1]).isEqualTo(1);
            // One step is 1/5000 of the decay; the steepest shapes start with sqrt(1/5000) or half a half-life of 10.
            double jump = shape == DecayShape.HALF_LIFE ? 0.07 : shape == DecayShape.ONE_MINUS_SQRT ? 0.02 : 1e-3;
            assertThat(v[start]).isCloseTo(1, within(jump));
            assertThat(v[total - 1]).isCloseTo(0.05, within(1e-3));
        }
    }

    @Test
    void halfLifeHalvesAndStopsAtTheFloor() {
        Schedule s = Schedules.of(wsd(0, 50, DecayShape.HALF_LIFE, 0.1, Convention.HOUSE), T);
        assertThat(s.multiplier(149)).isEqualTo(1);
        assertThat(s.multiplier(159)).isCloseTo(0.5, within(1e-15));
        assertThat(s.multiplier(169)).isCloseTo(0.25, within(1e-15));
        assertThat(s.multiplier(199)).isEqualTo(0.1);
    }

    @Test
    void fractionsAreFractionsOfTheRun() {
        assertThat(values(new ScheduleSpec.Cosine(0.1, 0, 0.1, 0.2, Convention.HOUSE), T))
                .isEqualTo(values(new ScheduleSpec.Cosine(20, 0, 0.1, 40, Convention.HOUSE), T));
        assertThat(values(wsd(0.05, 0.29, DecayShape.LINEAR, 0, Convention.HOUSE), 100))
                .isEqualTo(values(wsd(5, 29, DecayShape.LINEAR, 0, Convention.HOUSE), 100));
    }

    @Test
    void cosineThenConstantHoldsTheFloor() {
        double[] v = values(new ScheduleSpec.Cosine(0, 0, 0.2, 50, Convention.HOUSE), T);
        assertThat(v[T - 52]).isGreaterThan(0.2);
        assertThat(Arrays.copyOfRange(v, T - 51, T)).containsOnly(0.2);
    }

    /** A cooldown branch shares the stable run's prefix, and its area is the prefix's plus the decay's. */
    @Test
    void branchesOfAStableRunAddUp() {
        double[] trunk = values(constant(10), T);
        for (int end : new int[] {80, 120, 200}) {
            int decay = end / 5;
            double[] direct = values(wsd(10, decay, DecayShape.LINEAR, 0, Convention.HOUSE), end);
            double[] prefix = Arrays.copyOf(trunk, end - decay);
            assertThat(Arrays.copyOf(direct, end - decay)).isEqualTo(prefix);
            // Σ (1 - k/D), k = 1..D
            double tail = (decay - 1) / 2.0;
            assertThat(Arrays.stream(direct).sum()).isCloseTo(Arrays.stream(prefix).sum() + tail, within(1e-12));
        }
        assertThat(values(wsd(10, 0, DecayShape.LINEAR, 0, Convention.HOUSE), T)).isEqualTo(trunk);
    }

    @Test
    void impossibleSettingsAreRefused() {
        refused(constant(300), "at most the run's 200 steps");
        refused(constant(-1), "warmup");
        refused(constant(2.5), "whole steps");
        refused(constant(Double.NaN), "whole steps");
        refused(new ScheduleSpec.Constant(0, 1.5, Convention.HOUSE), "warmup_from");
        refused(new ScheduleSpec.Cosine(150, 0, 0.1, 60, Convention.HOUSE), "shorten one of them");
        refused(new ScheduleSpec.Linear(0, 0, 1.5, Convention.HOUSE), "floor");
        refused(wsd(150, 60, DecayShape.LINEAR, 0, Convention.HOUSE), "150 + 60");
        refused(wsd(0, 60, DecayShape.EXPONENTIAL, 0, Convention.HOUSE), "floor > 0");
        refused(
                new ScheduleSpec.Wsd(0, 0, 60, DecayShape.HALF_LIFE, 0, null, Convention.HOUSE),
                "shape half_life without half_life");
        refused(new ScheduleSpec.Wsd(0, 0, 60, DecayShape.LINEAR, 0, 5.0, Convention.HOUSE), "with half_life 5.0");
        refused(new ScheduleSpec.Wsd(0, 0, 60, DecayShape.HALF_LIFE, 0, 0.0, Convention.HOUSE), "half_life > 0");
        assertThatThrownBy(() -> Schedules.of(constant(0), 0)).isInstanceOf(ConfigException.class);
    }

    private static void refused(ScheduleSpec spec, String message) {
        assertThatThrownBy(() -> Schedules.of(spec, T))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(message);
    }
}
