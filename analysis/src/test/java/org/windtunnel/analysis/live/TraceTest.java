package org.windtunnel.analysis.live;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.windtunnel.analysis.live.Trace.Column;

class TraceTest {
    private static LogLine line(long step, double loss) {
        return new LogLine(step, 100.0 * step, 0.01, loss, 1, 1000, step);
    }

    private static Trace trace(long steps) {
        Trace trace = new Trace();
        for (long step = 1; step <= steps; step++) {
            trace.add(line(step, step % 1000 == 7 ? 50 : 1000.0 / step));
        }
        return trace;
    }

    @Test
    void millionsOfStepsStayBoundedAndKeepTheirSpikes() {
        Trace trace = trace(2_000_000);
        assertThat(trace.size()).isLessThan(Trace.RESOLUTION * 11);
        assertThat(trace.last(Column.STEP)).isEqualTo(2_000_000);
        double[] steps = trace.values(Column.STEP, 0);
        double[] high = trace.values(Column.LOSS_HIGH, 0);
        double[] mean = trace.values(Column.LOSS, 0);
        assertThat(steps[9]).isEqualTo(10);
        for (int i = 1; i < steps.length; i++) {
            assertThat(steps[i]).isGreaterThan(steps[i - 1]);
            assertThat(steps[i] - steps[i - 1]).isLessThan(2 + steps[i] / 250);
            assertThat(mean[i]).isBetween(trace.values(Column.LOSS_LOW, i)[0], high[i]);
        }
        assertThat(high[steps.length - 2]).as("one spike in a thousand steps").isEqualTo(50);
    }

    /** What a page has of a curve is extended, never changed. */
    @Test
    void pointsOnceHandedOutStay() {
        Trace early = trace(5000);
        Trace late = trace(20_000);
        for (Column column : Column.values()) {
            double[] now = late.values(column, 0);
            double[] before = early.values(column, 0);
            for (int i = 0; i < before.length - 1; i++) {
                assertThat(now[i]).isEqualTo(before[i]);
            }
        }
    }

    @Test
    void aStepThatComesAgainTakesAwayWhatFollowed() {
        Trace trace = trace(50);
        int epoch = trace.epoch();
        trace.add(line(20, 3));
        assertThat(trace.values(Column.STEP, 18)).containsExactly(19, 20);
        assertThat(trace.last(Column.LOSS)).isEqualTo(3);
        assertThat(trace.epoch()).isNotEqualTo(epoch);
    }

    @Test
    void whatIsNotANumberLeavesAGap() {
        Trace trace = new Trace();
        trace.add(LogLine.parse("{\"step\":1,\"loss\":\"NaN\",\"x\":{\"step\":7}}"));
        trace.add(LogLine.parse("{\"step\":2,\"loss\":2.5}"));
        assertThat(trace.values(Column.LOSS, 0)).containsExactly(Double.NaN, 2.5);
        assertThat(LogLine.parse("{\"step\":1,\"lo")).isNull();
        assertThat(LogLine.parse("[1]")).isNull();
        assertThat(LogLine.parse("{\"loss\":1}")).isNull();
        assertThat(LogLine.parse("")).isNull();
    }
}
