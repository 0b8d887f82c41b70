package org.windtunnel.analysis.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.windtunnel.analysis.Chromium;
import org.windtunnel.analysis.study.StudyResult;

/** Opens the page in a headless Chromium where there is one; skipped with a reason elsewhere. */
class BrowserTest {
    /** Clicks on one button of each kind and writes what it would have downloaded into the page. */
    private static final String CLICKS =
            """
            <script>
            (() => {
              const blobs = {}, waiting = [];
              const create = URL.createObjectURL;
              URL.createObjectURL = (blob) => { const url = create(blob); blobs[url] = blob; return url; };
              const note = (id, text) => {
                const pre = document.createElement('pre');
                pre.id = `saved-${id}`;
                pre.textContent = text;
                document.body.append(pre);
              };
              async function inked(href) {
                const image = new Image();
                image.src = href;
                await image.decode();
                const canvas = document.createElement('canvas');
                canvas.width = image.naturalWidth;
                canvas.height = image.naturalHeight;
                const pen = canvas.getContext('2d');
                pen.drawImage(image, 0, 0);
                const data = new Uint32Array(pen.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
                return `${canvas.width} x ${canvas.height}, ${data.filter((pixel) => pixel !== data[0]).length} inked`;
              }
              HTMLAnchorElement.prototype.click = async function () {
                const text = blobs[this.href] ? await blobs[this.href].text() : await inked(this.href);
                note(waiting.shift(), `${this.download}: ${text}`);
                next();
              };
              const buttons = [
                ['chart-csv', 'figure button[data-save=csv]'], ['png', 'figure button[data-save=png]'],
                ['table-csv', '.tools > button[title="Download the numbers"]']];
              function next() {
                const button = buttons.shift();
                if (!button) return;
                waiting.push(button[0]);
                document.querySelector(button[1]).click();
              }
              const start = () => document.documentElement.dataset.drawn ? next() : setTimeout(start, 50);
              start();
            })();
            </script>
            """;

    private static Stream<StudyResult> studies() {
        return Stream.of(
                SampleStudy.full(), SampleStudy.computeLaw(), SampleLaw.fitOfThreeInputs(), SampleLaw.isoFlopFit());
    }

    @ParameterizedTest
    @MethodSource("studies")
    void everyChartIsDrawnWithoutAWordOnTheConsole(StudyResult study, @TempDir Path dir)
            throws IOException, InterruptedException {
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

    @Test
    void theButtonsSaveNumbersAndPictures(@TempDir Path dir) throws IOException, InterruptedException {
        Path page = dir.resolve("report.html");
        HtmlReport.write(SampleStudy.computeLaw(), page);
        Files.writeString(page, CLICKS, StandardOpenOption.APPEND);
        String drawn = Chromium.open(page.toUri(), dir);
        assertThat(saved(drawn, "chart-csv")).matches("(?s).*\\.csv: [^,\n]+,[^\n]+\n[^\n]*[0-9].*");
        assertThat(saved(drawn, "table-csv")).matches("(?s).*\\.csv: [^,\n]+,[^\n]+\n[^\n]*[0-9].*");
        Matcher png = Pattern.compile("\\.png: ([0-9]+) x ([0-9]+), ([0-9]+) inked").matcher(saved(drawn, "png"));
        assertThat(png.find()).as(saved(drawn, "png")).isTrue();
        assertThat(Integer.parseInt(png.group(1))).isGreaterThan(1000);
        assertThat(Integer.parseInt(png.group(2))).isGreaterThan(300);
        assertThat(Integer.parseInt(png.group(3))).isGreaterThan(1000);
    }

    /** What a click on a button saved: the file's name and what is in it. */
    private static String saved(String document, String button) {
        Matcher found = Pattern.compile("<pre id=\"saved-" + button + "\">(.*?)</pre>", Pattern.DOTALL)
                .matcher(document);
        assertThat(found.find()).as("the %s button saved something", button).isTrue();
        return found.group(1);
    }

    private static void open(Path page, Path dir, int charts) throws IOException, InterruptedException {
        String drawn = Chromium.open(page.toUri(), dir);
        assertThat(drawn.contains("data-drawn=\"yes\"")).as("the page's script ran to its end").isTrue();
        assertThat(drawn.split("<svg[^>]*class=\"marks\"", -1).length - 1).as("charts on the page").isEqualTo(charts);
    }
}
