package org.windtunnel.analysis.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.windtunnel.analysis.Chromium;
import org.windtunnel.analysis.study.StudyResult;

/** Opens the page in a headless Chromium where there is one; skipped with a reason elsewhere. */
class BrowserTest {

    private static Stream<StudyResult> studies() {
        return Stream.of(SampleStudy.full(), SampleStudy.computeLaw(), SampleLaw.fitOfThreeInputs(), SampleLaw.isoFlopFit());
    }

    @ParameterizedTest
    @MethodSource("studies")
    void everyChartIsDrawnWithoutAWordOnTheConsole(StudyResult study, @TempDir Path dir) throws IOException, InterruptedException {
        Path page = dir.resolve("report.html");
        HtmlReport.write(study, page);
        int charts = Files.readString(page).split("<figure data-chart", -1).length - 1;
        assertThat(charts).isGreaterThan(3);
        open(page, dir, charts);
    }

    @Test
    void theCoordinateCheckIsDrawnAsWell(@TempDir Path dir) throws IOException, InterruptedException {
        Path page = dir.resolve("coord-check.html");
        CoordCheckReport.write(CoordCheckReportTest.sample(), page);
        open(page, dir, 1);
    }

    private static void open(Path page, Path dir, int charts) throws IOException, InterruptedException {
        String drawn = Chromium.open(page.toUri(), dir);
        assertThat(drawn.contains("data-drawn=\"yes\"")).as("the page's script ran to its end").isTrue();
        assertThat(drawn.split("<svg[^>]*class=\"marks\"", -1).length - 1).as("charts on the page").isEqualTo(charts);
    }
}
