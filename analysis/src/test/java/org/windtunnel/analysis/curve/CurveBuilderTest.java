package org.windtunnel.analysis.curve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Curves of very many lines in bounded memory. */
class CurveBuilderTest {
    private static final int LINES = 100_000;

    @TempDir
    Path run;

    @Test
    void keepsMeansOverStretchesOfALongLog() throws IOException {
        Files.writeString(run.resolve("manifest.json"), "{}");
        try (BufferedWriter log = Files.newBufferedWriter(run.resolve("curve.jsonl"))) {
            for (int i = 1; i <= LINES; i++) {
                log.write("{\"step\": " + i + ", \"tokens\": " + 10L * i + ", \"nested\": {\"loss\": 9}, \"loss\": "
                        + (i % 2 == 0 ? 3 : 5) + ", \"lr\": " + 1e-3 / i + "}\n");
            }
        }
        List<String> problems = new ArrayList<>();
        Curve curve = BranchLog.curve(run, problems);
        assertThat(problems).isEmpty();
        assertThat(curve.size()).isBetween(CurveBuilder.MOST / 2, CurveBuilder.MOST);
        int last = curve.size() - 1;
        assertThat(curve.step()[last]).isEqualTo(LINES);
        assertThat(curve.tokens()[last]).isEqualTo(10.0 * LINES);
        assertThat(curve.lr()[last]).isEqualTo(1e-3 / LINES);
        assertThat(Arrays.stream(curve.loss()).boxed())
                .allSatisfy(loss -> assertThat(loss).isEqualTo(4, within(1e-12)));
        assertThat(curve.step()).isSorted().doesNotHaveDuplicates();
    }

    @Test
    void aShortCurveIsKeptAsItIs() {
        CurveBuilder builder = new CurveBuilder();
        for (int i = 1; i <= CurveBuilder.MOST; i++) {
            builder.add(i, i, i, 1, 1.0 / i, 1, 1, i);
        }
        Curve curve = builder.build();
        assertThat(curve.size()).isEqualTo(CurveBuilder.MOST);
        assertThat(curve.loss()[99]).isEqualTo(0.01);
        builder.add(50, 50, 50, 1, 7, 1, 1, 50);
        assertThat(builder.build().size()).isEqualTo(50);
        assertThat(builder.build().loss()[49]).isEqualTo(7);
    }

    @Test
    void namesTheFirstBadLinesAndCountsTheRest() throws IOException {
        Path log =
                Files.writeString(run.resolve("log.jsonl"), "{\"step\": 1}\n" + "oops\n".repeat(20) + "{\"step\": 2");
        List<String> problems = new ArrayList<>();
        int[] read = new int[1];
        LogReader.read(log, parser -> {
            parser.skipChildren();
            read[0]++;
            return true;
        }, problems);
        assertThat(read[0]).isEqualTo(1);
        assertThat(problems).hasSize(6);
        assertThat(problems.get(0)).contains("line 2");
        assertThat(problems.get(5)).contains("15 more");
    }
}
