package org.windtunnel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.analysis.live.LiveRuns;
import org.windtunnel.analysis.live.LiveSweep;
import org.windtunnel.record.RunDirectory;

/** What looks on while a sweep runs: the terminal's view, the plan it reads, the dashboard's command. */
class WatchTest {
    @TempDir
    Path temp;

    private final Console console = new Console();
    private String out;
    private String err;

    private int windtunnel(String... args) {
        int code = console.run(args);
        out = console.out();
        err = console.err();
        return code;
    }

    private Path sweep() throws IOException {
        Path config = Files.writeString(temp.resolve("x.yaml"), """
                name: seen
                model: {family: gpt, width: 16, depth: 1, head_dim: 8, context: 16}
                data: {type: markov, vocab: 32, validation_tokens: 8192}
                optimizer: {type: adamw, lr: 0.01}
                train: {steps: 40, batch: 4, eval_sequences: 8}
                sweep: {workers: 2, grids: [{optimizer.lr: [0.003, 0.01]}]}
                """);
        assertThat(windtunnel("sweep", config.toString(), "--runs", temp.resolve("runs").toString())).isZero();
        return temp.resolve("runs/seen");
    }

    @Test
    void aSweepAndARunAreShownAsTheyAre() throws IOException {
        Path sweep = sweep();
        assertThat(sweep.resolve("plan.json")).content().contains("\"steps\":40,\"tokens\":2560,");
        assertThat(windtunnel("watch", temp.resolve("runs").toString())).isZero();
        assertThat(out).startsWith("seen: 2 done; 100 %; best ").contains("eval loss");
        assertThat(windtunnel("watch", sweep.toString(), "--once")).isZero();
        assertThat(out)
                .contains("seen  2 runs")
                .contains("best so far")
                .contains("training loss of the best run, 64 to 2.56k tokens")
                .doesNotContain("\u001b");
        Path run = directories(sweep).get(0);
        assertThat(windtunnel("watch", run.toString(), "--once")).isZero();
        assertThat(out)
                .contains(run.getFileName().toString())
                .contains("step 40 of 40")
                .contains("DONE after 40 steps");
    }

    private static List<Path> directories(Path sweep) throws IOException {
        try (Stream<Path> entries = Files.list(sweep)) {
            return entries.filter(Files::isDirectory).sorted().toList();
        }
    }

    /** Every line fits, whatever the terminal's size, and a run that was killed is told from one that runs. */
    @Test
    void thePictureFitsTheTerminal() throws IOException {
        Path sweep = sweep();
        List<Path> runs = directories(sweep);
        Files.delete(runs.get(0).resolve("DONE"));
        Files.delete(runs.get(1).resolve("DONE"));
        Files.writeString(
                runs.get(1).resolve("curve.jsonl"), "{\"step\":41,\"tok", java.nio.file.StandardOpenOption.APPEND);
        try (RunDirectory owner = RunDirectory.open(runs.get(0))) {
            LiveSweep live = LiveRuns.open(sweep, RunDirectory::isOwned).sweep("seen").orElseThrow();
            WatchScreen screen = new WatchScreen(live, null);
            assertThat(WatchScreen.line(live.look())).contains("1 running, 1 interrupted");
            for (int[] size : new int[][] {{20, 5}, {80, 24}, {132, 50}}) {
                List<String> lines = screen.lines(live.look(), size[0], size[1]);
                assertThat(lines)
                        .hasSizeLessThanOrEqualTo(size[1])
                        .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(size[0]));
            }
            assertThat(screen.lines(live.look(), 100, 40))
                    .anyMatch(line -> line.startsWith("running "))
                    .anyMatch(line -> line.contains("█"));
        }
    }

    @Test
    void nothingToSeeIsOneMessage() throws IOException {
        assertThat(windtunnel("watch", temp.toString())).isEqualTo(2);
        assertThat(err).contains("there are no runs in").contains("windtunnel sweep");
        assertThat(windtunnel("watch", temp.resolve("nowhere").toString())).isEqualTo(2);
        assertThat(windtunnel("watch", temp.toString(), "--every", "0")).isEqualTo(2);
        assertThat(windtunnel("serve", temp.resolve("nowhere").toString())).isEqualTo(2);
        assertThat(err).startsWith("windtunnel: Expected a directory of runs");
        assertThat(windtunnel("serve", temp.toString(), "--port", "99999")).isEqualTo(2);
        assertThat(windtunnel("serve", temp.toString(), "--host", "no such host")).isEqualTo(2);
        assertThat(err).startsWith("windtunnel: --host: expected");
    }

    @Test
    void curvesAreDrawnFromTopLeftToBottomRight() {
        BrailleChart chart = new BrailleChart(20, 4);
        double[] x = {1, 10, 100, 1000};
        chart.add(x, new double[] {4, 3, 2, 1}, Ansi.CYAN);
        List<String> lines = chart.lines("loss");
        assertThat(lines).hasSize(5);
        assertThat(lines.get(0)).startsWith("   4.000 ▏");
        assertThat(lines.get(0).charAt(10)).isGreaterThan('\u2800');
        assertThat(lines.get(3)).startsWith("   1.000 ▏ ").hasSize(20);
        assertThat(lines.get(4)).contains("1 to 1.00k tokens");
        assertThat(new BrailleChart(20, 4).lines("nothing")).isEmpty();
        assertThat(BrailleChart.sparkline(new double[] {1, 2, Double.NaN, 4}, 4)).isEqualTo("▁▃×█");
        assertThat(BrailleChart.sparkline(new double[] {2}, 4)).isEqualTo("▁");
        assertThat(BrailleChart.sparkline(new double[0], 4)).isEmpty();
    }
}
