package org.windtunnel.analysis.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.RunWriter;
import org.windtunnel.analysis.curve.RunStatus;
import org.windtunnel.analysis.live.Trace.Column;

class LiveRunsTest {
    @TempDir
    Path root;

    private final Set<Path> owned = new HashSet<>();

    private LiveSweep sweep() {
        return LiveRuns.open(root, owned::contains).sweep("wind").orElseThrow();
    }

    private RunWriter writer() throws IOException {
        return new RunWriter(Files.createDirectories(root.resolve("wind")));
    }

    private Path own(Path run) throws IOException {
        Files.writeString(run.resolve(".lock"), "pid 1\n");
        owned.add(run.toRealPath());
        return run;
    }

    @Test
    void everyStateIsTold() throws IOException {
        RunWriter writer = writer();
        writer.done("mup", 64, 0.01, 3, 5e4, 1e6, 2.5);
        writer.diverged("sp", 128, 0.1, 1, 2e5, 1e6);
        writer.run(RunWriter.axes("sp", 64, 0.1), 1, 5e4, 1e6, RunStatus.FAILED, 3);
        writer.run(RunWriter.axes("sp", 64, 0.3), 1, 5e4, 1e6, RunStatus.PREEMPTED, 3);
        own(writer.run(RunWriter.axes("sp", 64, 0.2), 1, 5e4, 1e6, RunStatus.RUNNING, 3));
        writer.run(RunWriter.axes("sp", 64, 0.4), 1, 5e4, 1e6, RunStatus.RUNNING, 3);
        Path starting = own(Files.createDirectories(root.resolve("wind/starting")));
        Files.writeString(starting.resolve("resolved.yaml"), "");
        Files.createDirectories(root.resolve("wind/pictures"));
        Files.writeString(root.resolve("wind/plan.json"), "{\"format\": 1, \"runs\": [{\"run_id\": \"later_00000001\", "
                + "\"steps\": 10, \"tokens\": 1e6, \"flops_per_token\": 3e5}]}");

        SweepSnapshot now = sweep().look();

        assertThat(now.runs())
                .extracting(RunSnapshot::state)
                .containsExactly(
                        RunState.DONE,
                        RunState.DIVERGED,
                        RunState.FAILED,
                        RunState.PREEMPTED,
                        RunState.RUNNING,
                        RunState.INTERRUPTED,
                        RunState.RUNNING,
                        RunState.TO_DO);
        RunSnapshot done = now.runs().get(0);
        assertThat(done.evalLoss()).isEqualTo(2.5);
        assertThat(done.step()).isEqualTo(10);
        assertThat(done.progress()).isEqualTo(1);
        assertThat(now.runs().get(1).reason()).isEqualTo("loss is NaN");
        assertThat(now.runs().get(4).tokensPerSecond()).isEqualTo(1000);
        assertThat(now.runs().get(4).secondsLeft()).isEqualTo(0);
        assertThat(now.runs().get(6).run()).isNull();
        assertThat(now.isOver()).isFalse();
        // What is left: the planned run. Speed: 1000 tokens/s of the one run with a curve.
        assertThat(now.secondsLeft()).isEqualTo(1e6 * (3e5 + 2e6) / (1000 * (3e5 + 2e6)));
        assertThat(now.progress()).isBetween(0.5, 0.9);
    }

    @Test
    void aCurveIsFollowedAsItGrows() throws IOException {
        Path run = own(writer().run(RunWriter.axes("sp", 64, 0.2), 1, 5e4, 1e6, RunStatus.RUNNING, 3));
        Files.writeString(run.resolve("curve.jsonl"), RunWriter.curveLine(1, 1e5, 1e9, "3.5") + "{\"step\": 2, \"tok");
        LiveRun live = sweep().run(run.getFileName().toString()).orElseThrow();
        assertThat(live.curve(Trace::size)).isEqualTo(1);
        Files.writeString(run.resolve("curve.jsonl"), RunWriter.curveLine(1, 1e5, 1e9, "3.5") + "garbage\n"
                + RunWriter.curveLine(2, 2e5, 1e9, "2.5"));
        double[] losses = live.curve(t -> t.values(Column.LOSS, 0));
        assertThat(losses).containsExactly(3.5, 2.5);
        double[] evaluations = live.evaluations(t -> t.values(Column.LOSS, 0));
        assertThat(evaluations).containsExactly(3);
        assertThat(live.look(null).step()).isEqualTo(2);
        Files.writeString(run.resolve("DONE"), "");
        assertThat(live.look(null).state()).as("a torn marker counts").isEqualTo(RunState.DONE);
    }

    @Test
    void anEmptyDirectoryASweepAndARunCanBeOpened() throws IOException {
        assertThat(LiveRuns.open(root, p -> false).sweeps()).isEmpty();
        Files.createDirectories(root.resolve("wind"));
        assertThat(LiveRuns.open(root, p -> false).sweeps()).as("no runs in it").isEmpty();
        Path run = writer().done("mup", 64, 0.01, 3, 5e4, 1e6, 2.5);
        writer().done("mup", 64, 0.02, 3, 5e4, 1e6, 2.5);
        assertThat(LiveRuns.open(root.resolve("wind"), p -> false)
                        .sweep("wind")
                        .orElseThrow()
                        .look()
                        .runs())
                .isNotEmpty();
        LiveRuns one = LiveRuns.open(run, p -> false);
        assertThat(one.only()).contains(run.getFileName().toString());
        assertThat(one.sweeps().get(0).look().runs()).hasSize(1);
        assertThatThrownBy(() -> LiveRuns.open(root.resolve("nowhere"), p -> false))
                .isInstanceOf(AnalysisException.class)
                .hasMessageContaining("windtunnel sweep");
    }

    @Test
    void damagedManifestsAreShownAsSuch() throws IOException {
        Path newer = writer().done("mup", 64, 0.01, 3, 5e4, 1e6, 2.5);
        Files.writeString(newer.resolve("manifest.json"), "{\"format\": 99}");
        LiveSweep sweep = sweep();
        assertThat(sweep.look().runs().get(0).problem()).contains("format 99").doesNotContain(root.toString());
        Files.writeString(newer.resolve("manifest.json"), "{\"for", StandardOpenOption.TRUNCATE_EXISTING);
        assertThat(sweep().look().runs().get(0).problem()).contains("not a run manifest");
    }

    @Test
    void linksThatLeadOutAreNotFollowed(@TempDir Path elsewhere) throws IOException {
        Path outside = new RunWriter(Files.createDirectories(elsewhere.resolve("secret")))
                .done("mup", 64, 0.01, 3, 5e4, 1e6, 2.5);
        Path run = writer().run(RunWriter.axes("sp", 64, 0.2), 1, 5e4, 1e6, RunStatus.RUNNING, 3);
        Files.createSymbolicLink(root.resolve("linked-sweep"), elsewhere.resolve("secret"));
        Files.createSymbolicLink(root.resolve("wind/linked-run"), outside);
        Files.delete(run.resolve("curve.jsonl"));
        Files.createSymbolicLink(run.resolve("curve.jsonl"), outside.resolve("curve.jsonl"));
        Files.createSymbolicLink(run.resolve("log.txt"), Path.of("/etc/passwd"));
        LiveRuns runs = LiveRuns.open(root, p -> false);
        assertThat(runs.sweeps()).extracting(LiveSweep::name).containsExactly("wind");
        LiveSweep sweep = runs.sweep("wind").orElseThrow();
        assertThat(sweep.look().runs()).hasSize(1);
        LiveRun live = sweep.run(run.getFileName().toString()).orElseThrow();
        assertThat(live.curve(Trace::size)).isZero();
        assertThat(live.look(null).step()).isZero();
        assertThat(live.notes()).isEmpty();
    }

    @Test
    void bowlsFillIn() throws IOException {
        RunWriter writer = writer();
        for (double lr : new double[] {0.001, 0.002, 0.004, 0.008, 0.016}) {
            double x = Math.log(lr / 0.004);
            writer.done("mup", 64, lr, 1, 5e4, 1e6, 2.5 + 0.1 * x * x);
        }
        writer.diverged("mup", 64, 0.032, 1, 5e4, 1e6);
        own(writer.run(RunWriter.axes("mup", 128, 0.002), 1, 5e4, 1e6, RunStatus.RUNNING, 3));
        writer.done("sp", 64, 0.001, 1, 5e4, 1e6, 2.6);

        LiveBowls bowls = LiveBowls.of(sweep().look(), null, null);

        assertThat(bowls.x()).isEqualTo("optimizer.lr");
        assertThat(bowls.size()).isEqualTo("model.width");
        assertThat(bowls.axes()).containsExactlyInAnyOrder("optimizer.lr", "model.width");
        assertThat(bowls.facets()).extracting(LiveBowls.Facet::label).containsExactly("mup", "sp");
        LiveBowls.Series narrow = bowls.facets().get(0).series().get(0);
        assertThat(narrow.points()).hasSize(6);
        assertThat(narrow.points().get(5).loss()).isNaN();
        assertThat(narrow.optimum().lr()).isBetween(0.0035, 0.0045);
        LiveBowls.Series wide = bowls.facets().get(0).series().get(1);
        assertThat(wide.optimum()).isNull();
        assertThat(wide.points()).singleElement().satisfies(p -> {
            assertThat(p.state()).isEqualTo(RunState.RUNNING);
            assertThat(p.loss()).isEqualTo(3);
        });
        assertThat(LiveBowls.of(sweep().look(), "model.width", "optimizer.lr").x()).isEqualTo("model.width");
        assertThat(LiveBowls.of(new SweepSnapshot("none", java.util.List.of(), 0), null, null).facets()).isEmpty();
    }
}
