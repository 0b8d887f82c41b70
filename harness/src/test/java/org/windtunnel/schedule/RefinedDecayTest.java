package org.windtunnel.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ScheduleSpec;

class RefinedDecayTest {
    @TempDir
    Path dir;

    private static ScheduleSpec norms(List<Double> norms, double smoothing) {
        return new ScheduleSpec.Refined(null, norms, 2, smoothing);
    }

    @Test
    void equalNormsGiveALinearDecayToZero() {
        Schedule s = Schedules.of(norms(Collections.nCopies(11, 0.7), 0.1), 11);
        for (int i = 0; i < 11; i++) {
            assertThat(s.multiplier(i)).isCloseTo((10 - i) / 10.0, within(1e-12));
        }
        assertThat(s.multiplier(50)).isZero();
    }

    @Test
    void fallingNormsWarmUpOnTheirOwn() {
        Schedule s = Schedules.of(norms(List.of(8.0, 4.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0), 0), 8);
        assertThat(s.multiplier(0)).isLessThan(s.multiplier(1));
        assertThat(s.multiplier(1)).isLessThan(s.multiplier(3));
        assertThat(s.multiplier(3)).isEqualTo(1);
    }

    @Test
    void normsOfAShorterRunAreInterpolated() {
        assertThat(GradientNorms.resample(new double[] {1, 3, 2}, 5)).containsExactly(1, 2, 3, 2.5, 2);
        assertThat(GradientNorms.resample(new double[] {1, 2, 3, 2.5, 2}, 3)).containsExactly(1, 3, 2);
    }

    @Test
    void theMedianFilterRemovesASpike() {
        assertThat(GradientNorms.medianFilter(new double[] {1, 1, 90, 1, 1}, 3)).containsExactly(1, 1, 1, 1, 1);
    }

    @Test
    void readsTheCurveOfAnEarlierRun() throws Exception {
        Path curve = dir.resolve("curve.jsonl");
        Files.writeString(curve, "{\"step\":1,\"grad_norm\":2.0}\n{\"step\":2,\"grad_norm\":1.0}\n{\"step\":3,\"gra");
        assertThat(GradientNorms.ofCurve(curve)).containsExactly(2, 1);
        Schedule s = Schedules.of(new ScheduleSpec.Refined(curve.toString(), null, 2, 0), 3);
        assertThat(s.multiplier(2)).isZero();
    }

    @Test
    void unusableNormsAreRefused() throws Exception {
        refused(norms(null, 0), 5, "exactly one of curve and grad_norms");
        refused(norms(List.of(), 0), 5, "found none");
        refused(norms(List.of(1.0, -1.0), 0), 2, "positive finite");
        refused(norms(List.of(1.0), 0), 1, "at least two steps");
        refused(new ScheduleSpec.Refined(dir.resolve("none").toString(), null, 2, 0), 5, "cannot read the curve");
        Path curve = Files.writeString(dir.resolve("curve.jsonl"), "{\"step\":1}\n{\"step\":2}\n");
        refused(new ScheduleSpec.Refined(curve.toString(), null, 2, 0), 5, "curve.jsonl:1");
    }

    private static void refused(ScheduleSpec spec, long steps, String message) {
        assertThatThrownBy(() -> Schedules.of(spec, steps))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(message);
    }
}
