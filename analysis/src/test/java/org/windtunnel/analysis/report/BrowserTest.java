package org.windtunnel.analysis.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.windtunnel.analysis.study.StudyResult;

/** Opens the page in a headless Chromium where there is one; skipped with a reason elsewhere. */
class BrowserTest {

    private static Stream<StudyResult> studies() {
        return Stream.of(SampleStudy.full(), SampleStudy.computeLaw());
    }

    @ParameterizedTest
    @MethodSource("studies")
    void everyChartIsDrawnWithoutAWordOnTheConsole(StudyResult study, @TempDir Path dir) throws IOException, InterruptedException {
        Path page = dir.resolve("report.html");
        HtmlReport.write(study, page);
        open(page, dir, 5);
    }

    @Test
    void theCoordinateCheckIsDrawnAsWell(@TempDir Path dir) throws IOException, InterruptedException {
        Path page = dir.resolve("coord-check.html");
        CoordCheckReport.write(CoordCheckReportTest.sample(), page);
        open(page, dir, 1);
    }

    private static void open(Path page, Path dir, int charts) throws IOException, InterruptedException {
        Optional<Path> browser = browser();
        Assumptions.assumeTrue(browser.isPresent(), "no chromium on the PATH: the page is not opened in a browser");
        Path dom = dir.resolve("dom.html");
        Path log = dir.resolve("log.txt");
        Process process = new ProcessBuilder(List.of(
                        browser.get().toString(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                        "--disable-background-networking", "--disable-component-update", "--disable-sync",
                        "--user-data-dir=" + dir.resolve("profile"), "--virtual-time-budget=20000",
                        "--enable-logging=stderr", "--v=0", "--window-size=1280,900", "--dump-dom", page.toUri().toString()))
                .redirectOutput(dom.toFile())
                .redirectError(log.toFile())
                .start();
        boolean ended = process.waitFor(90, TimeUnit.SECONDS);
        process.destroyForcibly();
        Assumptions.assumeTrue(ended && process.exitValue() == 0 && Files.size(dom) > 0,
                "chromium does not run here: the page is not opened in a browser");
        assertThat(Files.readAllLines(log)).noneMatch(line -> line.contains("CONSOLE"));
        String drawn = Files.readString(dom);
        assertThat(drawn.contains("data-drawn=\"yes\"")).as("the page's script ran to its end").isTrue();
        assertThat(drawn.split("<canvas", -1).length - 1).as("charts on the page").isEqualTo(charts);
    }

    private static Optional<Path> browser() {
        String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
        return Stream.of("chromium", "chromium-browser", "google-chrome")
                .flatMap(name -> Stream.of(path.split(File.pathSeparator)).map(d -> Path.of(d, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
