package org.windtunnel.analysis.live;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DiagnosticTraceTest {
    private static String line(int step) {
        return "{\"step\":" + step + ",\"tokens\":10,\"logit_z\":5.5,\"activation_rms\":{\"h.0\":" + step
                + ",\"h.1\":\"NaN\"}," + "\"params\":{\"w\":{\"update_ratio\":0.5,\"grad_norm\":2}}"
                + (step > 1 ? ",\"late\":{\"a\":1}" : "") + "}";
    }

    @Test
    void everyNumberHasItsChart() {
        DiagnosticTrace trace = new DiagnosticTrace();
        trace.add(line(1));
        trace.add("{\"step\": 2, \"acti");
        trace.add(line(2));
        assertThat(trace.charts())
                .containsExactly("logit_z", "activation_rms", "params.update_ratio", "params.grad_norm", "late");
        assertThat(trace.steps()).containsExactly(1, 2);
        assertThat(trace.series("activation_rms")).containsOnlyKeys("h.0");
        assertThat(trace.series("activation_rms").get("h.0")).containsExactly(1, 2);
        assertThat(trace.series("params.update_ratio").get("w")).containsExactly(0.5f, 0.5f);
        assertThat(trace.series("late").get("a")).containsExactly(Float.NaN, 1);
        assertThat(trace.series("nothing")).isEmpty();
    }

    @Test
    void manyLinesAreThinned() {
        DiagnosticTrace trace = new DiagnosticTrace();
        for (int step = 0; step < 10_000; step++) {
            trace.add(line(step));
        }
        long[] steps = trace.steps();
        assertThat(steps).hasSizeBetween(150, 400);
        for (int i = 1; i < steps.length; i++) {
            assertThat(steps[i] - steps[i - 1]).isEqualTo(steps[1] - steps[0]);
        }
        assertThat(steps[steps.length - 1]).isGreaterThan(9900);
    }
}
