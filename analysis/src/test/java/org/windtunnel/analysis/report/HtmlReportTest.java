package org.windtunnel.analysis.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.study.StudyOptions;
import org.windtunnel.analysis.study.StudyResult;
import org.windtunnel.analysis.study.Warning;

class HtmlReportTest {
    private static final Page FULL = Page.of(SampleStudy.full());

    @Test
    void lrSweepHoldsEveryPointOptimumAndDivergedRun() {
        JsonNode spec = FULL.chart("lr-sweep").path("spec");
        JsonNode data = spec.path("data");
        assertThat(Page.rows(data, "point")).hasSize(2 * SampleStudy.WIDTHS.length * SampleStudy.RATES);
        assertThat(Page.rows(data, "optimum")).hasSize(2 * SampleStudy.WIDTHS.length);
        assertThat(Page.rows(data, "point").stream().filter(r -> r.path("edge").asText().equals("diverged")))
                .singleElement()
                .satisfies(row -> {
                    assertThat(row.path("group").asText()).isEqualTo("sp");
                    assertThat(row.path("width").asDouble()).isEqualTo(512);
                    assertThat(row.path("loss").isNull()).isTrue();
                });
        assertThat(spec.path("facet").path("field").asText()).isEqualTo("group");
        JsonNode encoding = spec.path("spec").path("encoding");
        assertThat(encoding.path("x").path("field").asText()).isEqualTo("lr");
        assertThat(encoding.path("x").path("scale").path("base").asInt()).isEqualTo(2);
        assertThat(encoding.path("y").path("field").asText()).isEqualTo("loss");
        double lowest = encoding.path("y").path("scale").path("domain").path(0).asDouble();
        assertThat(Page.rows(data, "optimum"))
                .allSatisfy(row -> assertThat(row.path("loss").asDouble()).isGreaterThan(lowest));
    }

    @Test
    void optimaCarryTheirIntervals() {
        JsonNode spec = FULL.chart("lr-optimum").path("spec");
        List<JsonNode> optima = Page.rows(spec.path("data"), "optimum");
        assertThat(optima).hasSize(8).allSatisfy(row -> {
            assertThat(row.path("lo").asDouble()).isLessThan(row.path("lr").asDouble());
            assertThat(row.path("hi").asDouble()).isGreaterThan(row.path("lr").asDouble());
        });
        assertThat(spec.path("encoding").path("color").path("scale").path("domain")).hasSize(2);
    }

    @Test
    void curvesAreThinnedAndSwitchable() {
        JsonNode chart = FULL.chart("curves");
        JsonNode data = chart.path("spec").path("data");
        assertThat(Page.rows(data, "train")).hasSize(48).allSatisfy(row -> {
            assertThat(row.path("loss")).hasSize(CurveChart.MAX_POINTS);
            assertThat(row.path("tokens")).hasSize(CurveChart.MAX_POINTS);
        });
        assertThat(Page.rows(data, "eval")).hasSize(48);
        assertThat(chart.path("controls")).hasSize(3);
        for (JsonNode control : chart.path("controls")) {
            for (JsonNode option : control.path("options")) {
                for (JsonNode set : option.path("set")) {
                    String owner = "/" + set.path("path").asText().replaceAll("\\.[^.]*$", "").replace('.', '/');
                    assertThat(chart.path("spec").at(owner).isContainerNode()).as(owner).isTrue();
                }
            }
        }
    }

    @Test
    void lawShowsBandsHeldOutPointsAndEntropy() {
        JsonNode panels = FULL.chart("law").path("spec").path("concat");
        assertThat(panels).hasSize(2);
        JsonNode overTokens = panels.path(0).path("data");
        assertThat(panels.path(0).path("encoding").path("x").path("title").asText()).contains("tokens");
        assertThat(Page.rows(overTokens, "law")).hasSize(4 * 40).allSatisfy(row ->
                assertThat(row.path("lo").asDouble()).isLessThan(row.path("hi").asDouble()));
        assertThat(Page.rows(overTokens, "point")).hasSize(20);
        assertThat(Page.rows(overTokens, "point").stream().filter(r -> r.path("heldOut").asBoolean())).hasSize(5);
        assertThat(Page.rows(overTokens, "entropy").get(0).path("loss").asDouble()).isEqualTo(1.58);
        assertThat(Page.rows(overTokens, "irreducible").get(0).path("lo").asDouble()).isEqualTo(1.52);
        TreeSet<Double> beyond = new TreeSet<>();
        Page.rows(overTokens, "law").stream()
                .filter(r -> r.path("beyond").asBoolean() && !r.path("measured").asBoolean())
                .forEach(r -> beyond.add(r.path("x").asDouble()));
        assertThat(beyond.first()).isGreaterThan(8e6);
    }

    @Test
    void aLawOfOneVariableHasOnePanelAndOneColour() {
        JsonNode panels = Page.of(SampleStudy.computeLaw()).chart("law").path("spec").path("concat");
        assertThat(panels).hasSize(1);
        JsonNode encoding = panels.path(0).path("encoding");
        assertThat(encoding.path("x").path("title").asText()).isEqualTo("compute C (FLOP)");
        assertThat(encoding.path("color").path("value").asText()).isEqualTo("var(--accent)");
        assertThat(Page.rows(panels.path(0).path("data"), "point")).hasSize(20).allSatisfy(row -> {
            assertThat(row.path("held").isNull()).isTrue();
            assertThat(row.path("x").asDouble()).isGreaterThan(1e11);
        });
    }

    @Test
    void heldOutResidualsComeFromTheLawFittedWithoutThem() {
        JsonNode values = FULL.chart("residuals").path("spec").path("data").path("values");
        assertThat(values).hasSize(20);
        StudyResult study = SampleStudy.full();
        double predicted = study.law().holdOut().points().get(0).predicted();
        double measured = study.law().holdOut().points().get(0).loss();
        assertThat(values).filteredOn(row -> row.path("heldOut").asBoolean()).hasSize(5).anySatisfy(row ->
                assertThat(row.path("error").asDouble()).isCloseTo(100 * (predicted / measured - 1), within()));
    }

    /** Like {@code contains}, without the whole page in the message. */
    private static void says(String html, String... texts) {
        for (String text : texts) {
            assertThat(html.contains(text)).as("the page says: %s", text).isTrue();
        }
    }

    private static org.assertj.core.data.Offset<Double> within() {
        return org.assertj.core.data.Offset.offset(1e-3);
    }

    @Test
    void verdictTablesAndLinks() {
        String markup = FULL.markup();
        says(markup,
                "The LR does not transfer under sp: drift -2.70 ± 0.12 octaves over 8x width.",
                "The LR transfers under mup",
                "A = 46.00 (18.00 – 160.0), not identified",
                "0.68 %",
                "<li><b>Law, A</b>: The interval of A spans a factor of 9.",
                "maven_sources, 4000000 bytes, vocabulary 256",
                "<span class=\"badge diverged\" title=\"loss is NaN\">diverged</span>",
                "href=\"./sp-w64-lr0.00098-s0_");
        assertThat(Pattern.compile("<tr><td><a ").matcher(markup).results().count()).isEqualTo(48);
    }

    @Test
    void nothingIsLoaded() {
        String markup = FULL.markup();
        assertThat(markup)
                .contains("Content-Security-Policy\" content=\"default-src 'none'")
                .doesNotContainPattern("(?i)https?:|\\bsrc=|@import|url\\(|<iframe|<object|<embed|<base");
        assertThat(Pattern.compile("<link[^>]*>").matcher(markup).results().map(m -> m.group()))
                .containsExactly("<link rel=\"icon\" href=\"data:,\">");
        assertThat(Pattern.compile("https?://[^\"'`\\s)\\\\]+")
                        .matcher(FULL.html())
                        .results()
                        .map(m -> m.group())
                        .distinct())
                .as("names and addresses in texts of Vega's own scripts; none is fetched")
                .allMatch(url -> url.startsWith("http://www.w3.org/")
                        || url.startsWith("https://github.com/")
                        || url.startsWith("https://vega.github.io/"));
        says(FULL.html(), "Redistribution and use in source and binary forms");
    }

    @Test
    void textsFromConfigurationsAreEscaped() {
        String evil = "</script><img src=x onerror=alert(1)>";
        String group = "<b>\"&'\u2028</b><!--";
        StudyResult study = SampleStudy.named(evil, group, "mup");
        Page page = Page.of(study);
        assertThat(page.html()).doesNotContain(evil).doesNotContain("<img src=x").doesNotContain("<b>\"&'");
        says(page.markup(), "<h1>&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;</h1>");
        JsonNode spec = page.chart("lr-sweep").path("spec");
        assertThat(spec.path("facet").path("sort").path(0).asText()).isEqualTo(group);
        assertThat(spec.path("data").path("values").path(0).path("group").asText()).isEqualTo(group);
    }

    @Test
    void saysWhyChartsAreMissing() {
        StudyResult full = SampleStudy.full();
        Warning why = new Warning("law", null, "2 points cannot carry a law", "train more sizes");
        StudyResult noLaw = new StudyResult(
                1, "s", null, full.options(), full.runs(), full.curves(), List.of(), null, null, List.of(why));
        Page page = Page.of(noLaw);
        assertThat(page.has("curves")).isTrue();
        assertThat(page.has("law") || page.has("lr-sweep") || page.has("lr-optimum") || page.has("residuals"))
                .isFalse();
        says(page.markup(), "2 points cannot carry a law", "Sweep optimizer.lr to see this chart");
    }

    @Test
    void anEmptyStudyAndASingleGroupAreDrawn() {
        StudyResult empty = new StudyResult(
                1, "empty", null, StudyOptions.defaults(), List.of(), List.of(), List.of(), null, null, List.of());
        String nothing = Page.of(empty).markup();
        says(nothing, "There are no runs.", "No run has a line in its curve yet.");
        assertThat(nothing).doesNotContain("<figure");
        Page single = Page.of(SampleStudy.named("one", "all runs"));
        assertThat(single.chart("lr-sweep").path("spec").path("columns").asInt()).isEqualTo(1);
        assertThat(single.chart("lr-sweep").path("spec").path("facet").path("sort")).hasSize(1);
    }

    @Test
    void twoHundredRunsStayBelowFourMegabytes(@TempDir Path dir) throws IOException {
        Path page = dir.resolve("deep/report.html");
        StudyResult study = SampleStudy.large(5, 2000);
        assertThat(study.runs()).hasSizeGreaterThan(200);
        HtmlReport.write(study, page);
        assertThat(Files.size(page)).isBetween(900_000L, 4_000_000L);
        assertThat(page.getParent()).isDirectoryContaining(p -> p.equals(page));
        assertThat(Files.list(page.getParent())).hasSize(1);
    }

    @Test
    void anUnwritablePlaceIsOneMessage(@TempDir Path dir) throws IOException {
        Path file = Files.writeString(dir.resolve("file"), "");
        assertThatThrownBy(() -> HtmlReport.write(SampleStudy.named("s", "all runs"), file.resolve("report.html")))
                .isInstanceOf(AnalysisException.class)
                .hasMessageContaining("Cannot write the report");
    }
}
