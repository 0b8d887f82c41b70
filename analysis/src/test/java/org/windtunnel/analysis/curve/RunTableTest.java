package org.windtunnel.analysis.curve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.RunWriter;

class RunTableTest {
    @TempDir
    Path sweep;

    RunWriter writer;

    @BeforeEach
    void start() {
        writer = new RunWriter(sweep);
    }

    @Test
    void readsEveryRunWithItsStatus() throws IOException {
        writer.done("mup", 64, 0.01, 3, 5e4, 1e6, 2.5);
        writer.diverged("sp", 128, 0.1, 1, 2e5, 1e6);
        writer.run(RunWriter.axes("sp", 64, 0.1), 1, 5e4, 1e6, RunStatus.FAILED, 3);
        writer.run(RunWriter.axes("sp", 64, 0.2), 1, 5e4, 1e6, RunStatus.RUNNING, 3);
        Files.createDirectories(sweep.resolve("not-a-run"));

        RunTable table = RunTable.read(sweep);

        assertThat(table.sweep()).isEqualTo("wind");
        assertThat(table.problems()).isEmpty();
        assertThat(table.runs())
                .extracting(Run::status)
                .containsExactly(RunStatus.DONE, RunStatus.DIVERGED, RunStatus.FAILED, RunStatus.RUNNING);
        Run done = table.runs().get(0);
        assertThat(done.seed()).isEqualTo(3);
        assertThat(done.size(SizeMeasure.NON_EMBEDDING)).isEqualTo(5e4);
        assertThat(done.size(SizeMeasure.TOTAL)).isEqualTo(51000);
        assertThat(done.tokens()).isEqualTo(1e6);
        assertThat(done.finalLoss()).hasValue(2.5);
        assertThat(done.wallSeconds()).isEqualTo(1.5);
        assertThat(done.curve().size()).isEqualTo(10);
        assertThat(done.curve().loss()[0]).isEqualTo(2.5 + 0.3 * 9);
        assertThat(done.curve().medianTokensPerSecond()).isEqualTo(1000);
        assertThat(done.curve().tailLoss()).isEqualTo(2.5);
        assertThat(done.number("model.width")).hasValue(64);
        assertThat(done.number("model.depth")).hasValue(2);
        assertThat(done.value("model.family")).contains("gpt");
        assertThat(done.value("model.nothing")).isEmpty();
        assertThat(done.matches("model.width", 64.0)).isTrue();
        assertThat(done.matches("parameterization.type", "sp")).isFalse();
        assertThat(table.runs().get(1).finalLoss()).hasValue(Double.POSITIVE_INFINITY);
        assertThat(table.runs().get(1).reason()).isEqualTo("loss is NaN");
        assertThat(table.runs().get(1).curve().loss()[9]).isNaN();
        assertThat(table.runs().get(2).finalLoss()).isEmpty();
        assertThat(table.runs().get(3).finalLoss()).isEmpty();
        assertThat(table.runs().get(3).lastEvalLoss()).hasValue(3);
    }

    @Test
    void ignoresATornLastLineAndNamesABadOne() throws IOException {
        Path run = writer.done("mup", 64, 0.01, 1, 5e4, 1e6, 2.5);
        Files.writeString(run.resolve("curve.jsonl"), "{\"step\": 11, \"tok", StandardOpenOption.APPEND);
        Path bad = writer.done("mup", 64, 0.02, 1, 5e4, 1e6, 2.5);
        Files.writeString(bad.resolve("eval.jsonl"), "oops\n" + RunWriter.evalLine(20, 2e6, 1, 2.0));

        RunTable table = RunTable.read(sweep);

        assertThat(table.runs().get(0).curve().size()).isEqualTo(10);
        assertThat(table.problems()).singleElement().asString().contains("eval.jsonl line 1");
        assertThat(table.runs().get(1).finalLoss()).hasValue(2.0);
    }

    @Test
    void zeroBytesThatADiskLeftAreABadLine() throws IOException {
        Path run = writer.done("mup", 64, 0.01, 1, 5e4, 1e6, 2.5);
        Files.writeString(run.resolve("eval.jsonl"), "\0\0\0{\"step\": 5}\n" + RunWriter.evalLine(20, 2e6, 1, 2.0));

        RunTable table = RunTable.read(sweep);

        assertThat(table.problems()).singleElement().asString().contains("eval.jsonl line 1");
        assertThat(table.runs().get(0).finalLoss()).hasValue(2.0);
    }

    @Test
    void aRepeatedStepReplacesWhatFollowedIt() throws IOException {
        Path run = writer.done("mup", 64, 0.01, 1, 5e4, 1e6, 2.5);
        Files.writeString(
                run.resolve("curve.jsonl"),
                RunWriter.curveLine(8, 8e5, 1, "1.5") + RunWriter.curveLine(9, 9e5, 1, "1.25"),
                StandardOpenOption.APPEND);

        Curve curve = RunTable.read(sweep).runs().get(0).curve();

        assertThat(curve.step()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9);
        assertThat(curve.loss()[7]).isEqualTo(1.5);
    }

    @Test
    void aFinishedRunWithoutAFiniteLossCountsAsInfinite() throws IOException {
        Path run = writer.done("mup", 64, 0.01, 1, 5e4, 1e6, 2.5);
        Files.writeString(run.resolve("eval.jsonl"), "{\"step\": 10, \"tokens\": 1000, \"loss\": \"NaN\"}\n");

        assertThat(RunTable.read(sweep).runs().get(0).finalLoss()).hasValue(Double.POSITIVE_INFINITY);
    }

    @Test
    void takesOneRunDirectoryForATableOfOne() {
        Path run = writer.done("mup", 64, 0.01, 1, 5e4, 1e6, 2.5);
        writer.done("mup", 64, 0.02, 1, 5e4, 1e6, 2.5);

        assertThat(RunTable.read(run).runs()).hasSize(1);
    }

    @Test
    void passesOverABrokenManifestAndSaysSo() throws IOException {
        Path run = writer.done("mup", 64, 0.01, 1, 5e4, 1e6, 2.5);
        Files.writeString(run.resolve("manifest.json"), "{\"format\": 1, ");

        RunTable table = RunTable.read(sweep);

        assertThat(table.runs()).isEmpty();
        assertThat(table.problems()).singleElement().asString().contains("manifest.json");
    }

    @Test
    void refusesANewerFormatAndAMissingDirectory() throws IOException {
        Path run = writer.done("mup", 64, 0.01, 1, 5e4, 1e6, 2.5);
        Files.writeString(run.resolve("manifest.json"), "{\"format\": 2}");

        assertThatThrownBy(() -> RunTable.read(sweep))
                .isInstanceOf(AnalysisException.class)
                .hasMessageContaining("format 2");
        assertThatThrownBy(() -> RunTable.read(sweep.resolve("nowhere")))
                .isInstanceOf(AnalysisException.class)
                .hasMessageContaining("windtunnel sweep");
    }
}
