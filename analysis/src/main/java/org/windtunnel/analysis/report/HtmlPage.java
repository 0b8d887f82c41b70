package org.windtunnel.analysis.report;

import static org.windtunnel.analysis.report.Html.element;
import static org.windtunnel.analysis.report.Html.escape;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.windtunnel.analysis.AnalysisException;

/**
 * The frame of every report: one self-contained HTML page.
 *
 * <p>The page holds its scripts, styles and data and asks for nothing else; a content security policy in it makes the
 * browser refuse any request. Charts are Vega-Lite specifications in {@code <script type="application/json">} elements.
 */
final class HtmlPage {

    /** No source but the page itself; Vega compiles its expressions, hence unsafe-eval. */
    private static final String POLICY = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
            + "style-src 'unsafe-inline'; img-src data: blob:";

    /** What a chart can be saved as: a picture in light colours and thrice the pixels, and its numbers. */
    private static final String TOOLS = "<div class=\"tools\">"
            + "<button type=\"button\" data-save=\"png\" title=\"Save as a picture for a paper\">PNG</button>"
            + "<button type=\"button\" data-save=\"svg\" title=\"Save as a vector picture\">SVG</button>"
            + "<button type=\"button\" data-save=\"csv\" title=\"Download the numbers behind the chart\">CSV</button></div>";

    private final StringBuilder out = new StringBuilder();

    /** @param title of the window */
    HtmlPage(String title) {
        out.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
                .append("<meta http-equiv=\"Content-Security-Policy\" content=\"").append(POLICY).append("\">\n")
                .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
                .append("<link rel=\"icon\" href=\"data:,\">\n")
                .append(element("title", "", title))
                .append("\n<style>\n").append(VegaLibraries.resource(HtmlPage.class, "report.css")).append("</style>\n")
                .append("</head>\n<body>\n<main>\n");
    }

    /** Adds HTML, escaped already. Returns this. */
    HtmlPage append(String html) {
        out.append(html);
        return this;
    }

    /** The whole page, with the footer. */
    String finish() {
        footer();
        return out.append("</main>\n").append(VegaLibraries.scripts())
                .append("<script>\n").append(VegaLibraries.resource(HtmlPage.class, "report.js")).append("</script>\n")
                .append("</body>\n</html>\n").toString();
    }

    /**
     * Writes a page, replacing an older one only when the new one is complete.
     *
     * @throws AnalysisException if it cannot be written
     */
    static void write(String html, Path page) {
        Path target = page.toAbsolutePath();
        try {
            Files.createDirectories(target.getParent());
            Path draft = target.resolveSibling("." + target.getFileName() + ".tmp");
            try {
                Files.writeString(draft, html, StandardCharsets.UTF_8);
                Files.move(draft, target, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(draft);
            }
        } catch (IOException e) {
            throw new AnalysisException(
                    "Cannot write the report to " + page + " (" + e + "); choose a directory that can"
                            + " be written to",
                    e);
        }
    }

    /** Adds a chart with its heading, or the reason why there is none. */
    void figure(Figure figure) {
        out.append("<section>").append(element("h2", "", figure.title()));
        if (figure instanceof Figure.Gap gap) {
            out.append(element("p", "gap", gap.reason()));
        } else if (figure instanceof Figure.Chart chart) {
            out.append("<figure data-chart=\"").append(escape(chart.id())).append("\">");
            controls(chart);
            out.append(TOOLS)
                    .append(
                            "<div class=\"canvas\"></div><div class=\"paper\"></div><figcaption><b>How to read this.</b> ")
                    .append(escape(chart.reading()))
                    .append("</figcaption></figure>\n<script type=\"application/json\" id=\"")
                    .append(escape(chart.id()))
                    .append("\">")
                    .append(Specs.script(chart.json()))
                    .append("</script>");
        }
        out.append("</section>\n");
    }

    private void controls(Figure.Chart chart) {
        if (chart.controls().isEmpty()) {
            return;
        }
        out.append("<div class=\"controls\">");
        for (int c = 0; c < chart.controls().size(); c++) {
            Figure.Control control = chart.controls().get(c);
            out.append("<fieldset>").append(element("legend", "", control.label()));
            for (int o = 0; o < control.options().size(); o++) {
                out.append("<label><input type=\"radio\" name=\"").append(escape(chart.id())).append('-').append(c)
                        .append("\" data-control=\"").append(c).append("\" value=\"").append(o).append('"')
                        .append(o == 0 ? " checked>" : ">")
                        .append(escape(control.options().get(o).label())).append("</label>");
            }
            out.append("</fieldset>");
        }
        out.append("</div>");
    }

    private void footer() {
        out.append("<footer>Drawn with Vega ")
                .append(escape(VegaLibraries.version("vega")))
                .append(", Vega-Lite ")
                .append(escape(VegaLibraries.version("vega-lite")))
                .append(" and Vega-Embed ")
                .append(escape(VegaLibraries.version("vega-embed")))
                .append(
                        " (BSD-3-Clause, University of Washington Interactive Data Lab); their licence is in the source of this")
                .append(" page. The page loads nothing.</footer>\n");
    }
}
