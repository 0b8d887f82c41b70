package org.windtunnel.analysis.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.analysis.Chromium;
import org.windtunnel.analysis.RunWriter;
import org.windtunnel.analysis.curve.RunStatus;
import org.windtunnel.analysis.live.LiveRuns;

/** The dashboard in a headless Chromium where there is one. */
class DashboardBrowserTest {
    private static final String MARKUP = "<img src=x onerror=alert(1)>";

    @TempDir
    Path temp;

    private Path run;
    private int looks;
    private Dashboard dashboard;

    @BeforeEach
    void serve() throws IOException {
        RunWriter writer = new RunWriter(Files.createDirectories(temp.resolve("runs/wind")));
        for (int width : new int[] {32, 64}) {
            for (double lr : new double[] {0.001, 0.002, 0.004, 0.008}) {
                writer.done("mup", width, lr, 1, 5e4, 1e6, 2.5 + Math.pow(Math.log(lr / 0.003), 2));
            }
        }
        writer.diverged(MARKUP, 64, 0.4, 1, 5e4, 1e6);
        run = writer.run(RunWriter.axes("mup", 64, 0.016), 1, 5e4, 1e6, RunStatus.RUNNING, 3);
        Files.writeString(run.resolve("diag.jsonl"), "{\"step\":5,\"activation_rms\":{\"h.0\":1,\"h.1\":2}}\n"
                + "{\"step\":10,\"activation_rms\":{\"h.0\":2,\"h.1\":3}}\n");
        Files.writeString(run.resolve(".lock"), "");
        dashboard = new Dashboard(LiveRuns.open(temp.resolve("runs"), this::goesOn), "127.0.0.1", 0);
    }

    /** Asked whenever the directory is looked at: the run has done one more step each time but the first. */
    private boolean goesOn(Path directory) {
        boolean running = directory.endsWith(run.getFileName());
        if (running && looks++ > 0) {
            try {
                Files.writeString(run.resolve("curve.jsonl"), RunWriter.curveLine(9 + looks, 1e6, 1e12, "2.0625"),
                        StandardOpenOption.APPEND);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return running;
    }

    @AfterEach
    void stop() {
        dashboard.close();
    }

    private String open(String place) throws IOException, InterruptedException {
        String page = Chromium.open(dashboard.uri().resolve(place), temp);
        assertThat(page.contains("data-drawn=\"yes\"")).as("the page's script ran to its end").isTrue();
        assertThat(page.contains("role=\"status\">live<")).as("the last request was answered").isTrue();
        return page;
    }

    private static int charts(String page) {
        return page.split("<canvas", -1).length - 1;
    }

    @Test
    void aSweepIsDrawnAndFollowed() throws Exception {
        String page = open("#/wind");
        assertThat(charts(page)).as("the bowl and the curves").isEqualTo(2);
        assertThat(page)
                .contains("Loss against learning rate")
                .contains("width 32")
                .contains("8 done")
                .contains("1 running")
                .contains("&lt;img src=x")
                .doesNotContain(MARKUP);
        assertThat(page)
                .as("the first answer was 10 steps, and the run goes on")
                .containsPattern(">(?!10/)[1-9][0-9]/10<");
    }

    @Test
    void aRunIsDrawnWithItsDiagnostics() throws Exception {
        String page = open("#/wind/" + run.getFileName());
        assertThat(charts(page)).as("loss, rate, gradient norm, throughput, diagnostics").isEqualTo(5);
        assertThat(page).contains("activation_rms").contains("h.1").contains("51k (50k without embeddings)");
    }
}
