package org.windtunnel.analysis.report;

import static org.windtunnel.analysis.report.Html.element;
import static org.windtunnel.analysis.report.Html.escape;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.study.LawStudy;
import org.windtunnel.analysis.study.StudyOrigin;
import org.windtunnel.analysis.study.StudyResult;

/**
 * One self-contained HTML page about a study.
 *
 * <p>The page holds its scripts, styles and data and asks for nothing else; a content security policy in it makes the
 * browser refuse any request. Charts are Vega-Lite specifications in {@code <script type="application/json">} elements.
 */
public final class HtmlReport {

    /** No source but the page itself; Vega compiles its expressions, hence unsafe-eval. */
    private static final String POLICY = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
            + "style-src 'unsafe-inline'; img-src data: blob:";

    private final StudyResult result;
    private final Path page;
    private final StringBuilder out = new StringBuilder();

    private HtmlReport(StudyResult result, Path page) {
        this.result = result;
        this.page = page;
    }

    /**
     * Writes the page, replacing an older one only when the new one is complete.
     *
     * @param page the file; links to run directories are relative to where it lies
     * @throws AnalysisException if it cannot be written
     */
    public static void write(StudyResult result, Path page) {
        String html = html(result, page);
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
            throw new AnalysisException("Cannot write the report to " + page + " (" + e + "); choose a directory that can"
                    + " be written to", e);
        }
    }

    /** The page as text. */
    static String html(StudyResult result, Path page) {
        return new HtmlReport(result, page).html();
    }

    private String html() {
        out.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
                .append("<meta http-equiv=\"Content-Security-Policy\" content=\"").append(POLICY).append("\">\n")
                .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
                .append("<link rel=\"icon\" href=\"data:,\">\n")
                .append(element("title", "", result.sweep() + " – Windtunnel"))
                .append("\n<style>\n").append(VegaLibraries.resource(HtmlReport.class, "report.css")).append("</style>\n")
                .append("</head>\n<body>\n<main>\n");
        head();
        out.append(VerdictSection.html(result)).append('\n');
        figure(LrChart.draw(result));
        figure(OptimumChart.draw(result));
        figure(CurveChart.draw(result));
        figure(LawChart.draw(result));
        figure(ResidualChart.draw(result));
        tables();
        footer();
        out.append("</main>\n").append(VegaLibraries.scripts())
                .append("<script>\n").append(VegaLibraries.resource(HtmlReport.class, "report.js")).append("</script>\n")
                .append("</body>\n</html>\n");
        return out.toString();
    }

    private void head() {
        out.append("<header>").append(element("p", "kicker", "Windtunnel report"))
                .append(element("h1", "", result.sweep()))
                .append("<dl class=\"facts\">");
        StudyOrigin origin = result.origin();
        fact("runs", String.valueOf(result.runs().size()));
        if (origin != null) {
            fact("made", origin.studied());
            fact("data", String.join("; ", origin.data()));
            fact("machine", String.join("; ", origin.machines()));
            fact("revision", String.join(", ", origin.revisions()));
        }
        fact("N", switch (result.options().size()) {
            case NON_EMBEDDING -> "parameters without embeddings";
            case TOTAL -> "all parameters";
        });
        out.append("</dl></header>\n");
    }

    private void fact(String name, String value) {
        if (value != null && !value.isBlank()) {
            out.append("<div>").append(element("dt", "", name)).append(element("dd", "", value)).append("</div>");
        }
    }

    private void figure(Figure figure) {
        out.append("<section>").append(element("h2", "", figure.title()));
        if (figure instanceof Figure.Gap gap) {
            out.append(element("p", "gap", gap.reason()));
        } else if (figure instanceof Figure.Chart chart) {
            out.append("<figure data-chart=\"").append(escape(chart.id())).append("\">");
            controls(chart);
            out.append("<div class=\"canvas\"></div><figcaption><b>How to read this.</b> ")
                    .append(escape(chart.reading()))
                    .append("</figcaption></figure>\n<script type=\"application/json\" id=\"")
                    .append(escape(chart.id())).append("\">").append(Specs.script(chart.json())).append("</script>");
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

    private void tables() {
        LawStudy law = result.law();
        out.append("<section>").append(element("h2", "", "Parameters of the law"));
        if (law == null) {
            out.append(element("p", "gap", LawChart.missing(result)));
        } else {
            out.append(element("p", "gap", law.formula())).append(Tables.parameters(law));
        }
        out.append("</section>\n<section>").append(element("h2", "", "Compute-optimal allocation"));
        List<String> reasons = law == null ? List.of("There is no fitted law to allocate by.")
                : law.allocations().isEmpty() ? List.of("It needs a law in both N and D.") : List.of();
        reasons.forEach(reason -> out.append(element("p", "gap", reason)));
        if (reasons.isEmpty()) {
            out.append(Tables.allocations(law.allocations()));
        }
        out.append("</section>\n<section>").append(element("h2", "", "Runs"));
        out.append(result.runs().isEmpty()
                ? element("p", "gap", "There are no runs.")
                : RunsTable.html(result, page));
        out.append("</section>\n");
    }

    private void footer() {
        out.append("<footer>Drawn with Vega ").append(escape(VegaLibraries.version("vega")))
                .append(", Vega-Lite ").append(escape(VegaLibraries.version("vega-lite")))
                .append(" and Vega-Embed ").append(escape(VegaLibraries.version("vega-embed")))
                .append(" (BSD-3-Clause, University of Washington Interactive Data Lab); their licence is in the source of this")
                .append(" page. The page loads nothing.</footer>\n");
    }
}
