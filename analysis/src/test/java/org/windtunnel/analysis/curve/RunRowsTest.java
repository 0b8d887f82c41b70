package org.windtunnel.analysis.curve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.analysis.RunWriter;
import org.windtunnel.analysis.table.DataTable;

/** Rows of runs: ends or checkpoints, and what N and C count. */
class RunRowsTest {
    @TempDir
    Path dir;

    private RunTable runs;

    @BeforeEach
    void write() {
        Path sweep = dir.resolve("wind");
        RunWriter writer = new RunWriter(sweep);
        writer.done("mup", 64, 0.01, 3, 5e4, 1e6, 2.5);
        runs = RunTable.read(sweep);
    }

    private DataTable rows(SizeMeasure size, Points.Flops flops, Points.Taken taken) {
        return RunRows.of(dir, runs.runs(), new Points(size, flops, taken, 0.25, 0.1));
    }

    @Test
    void countsAsAsked() {
        DataTable.Row plain = rows(SizeMeasure.NON_EMBEDDING, Points.Flops.RUN, Points.Taken.END).rows().get(0);
        assertThat(plain.number("N")).isEqualTo(5e4);
        assertThat(plain.number("C")).isEqualTo(runs.runs().get(0).flopsPerToken() * 1e6);
        DataTable.Row six = rows(SizeMeasure.TOTAL, Points.Flops.SIX_N, Points.Taken.END).rows().get(0);
        assertThat(six.number("N")).isEqualTo(51000);
        assertThat(six.number("C")).isEqualTo(6 * 51000 * 1e6);
        assertThat(six.number("loss")).isEqualTo(2.5);
    }

    @Test
    void takesTheSmoothedTrainingLossAfterTheStart() {
        DataTable training = rows(SizeMeasure.NON_EMBEDDING, Points.Flops.RUN, Points.Taken.TRAINING);
        assertThat(training.size()).isEqualTo(20);
        double[] d = training.numbers("D");
        assertThat(d[0]).isBetween(0.25e6, 0.35e6);
        assertThat(d[19]).isEqualTo(1e6);
        Curve curve = runs.runs().get(0).curve();
        assertThat(training.numbers("loss")[19]).isEqualTo(curve.loss()[curve.size() - 1], within(1e-12));
    }

    @Test
    void takesEvaluationsAfterTheStart() {
        DataTable evaluations = rows(SizeMeasure.NON_EMBEDDING, Points.Flops.RUN, Points.Taken.EVALUATIONS);
        assertThat(evaluations.size()).isPositive();
        assertThat(Arrays.stream(evaluations.numbers("D")).boxed()).allMatch(d -> d > 0.25e6);
    }
}
