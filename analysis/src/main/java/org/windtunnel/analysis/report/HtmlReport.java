package org.windtunnel.analysis.report;

import static org.windtunnel.analysis.report.Html.element;

import java.nio.file.Path;
import java.util.List;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.study.LawStudy;
import org.windtunnel.analysis.study.StudyOrigin;
import org.windtunnel.analysis.study.StudyResult;

/** One self-contained HTML page about a study. */
public final class HtmlReport {

    private final StudyResult result;
    private final Path page;
    private final HtmlPage out;

    private HtmlReport(StudyResult result, Path page) {
        this.result = result;
        this.page = page;
        this.out = new HtmlPage(result.sweep() + " – Windtunnel");
    }

    /**
     * Writes the page, replacing an older one only when the new one is complete.
     *
     * @param page the file; links to run directories are relative to where it lies
     * @throws AnalysisException if it cannot be written
     */
    public static void write(StudyResult result, Path page) {
        HtmlPage.write(html(result, page), page);
    }

    /** The page as text. */
    static String html(StudyResult result, Path page) {
        return new HtmlReport(result, page).html();
    }

    private String html() {
        head();
        out.append(VerdictSection.html(result)).append("\n");
        boolean runs = !result.runs().isEmpty() || result.law() == null;
        if (runs) {
            out.figure(LrChart.draw(result));
            out.figure(OptimumChart.draw(result));
            out.figure(CurveChart.draw(result));
        }
        law();
        if (runs) {
            out.append("<section>").append(element("h2", "", "Runs")).append(result.runs().isEmpty()
                    ? element("p", "gap", "There are no runs.")
                    : RunsTable.html(result, page)).append("</section>\n");
        }
        return out.finish();
    }

    private void law() {
        LawStudy law = result.law();
        out.figure(LawChart.draw(result));
        if (law != null) {
            if (law.slices().isEmpty()) {
                out.figure(ParityChart.draw(law, result.unit()));
            }
            out.figure(ResidualChart.draw(result));
            Figure isoFlop = IsoFlopChart.draw(law);
            if (isoFlop != null) {
                out.figure(isoFlop);
            }
            out.figure(ProfileChart.draw(law));
            out.figure(BootstrapChart.draw(law));
        }
        tables();
    }

    private void head() {
        out.append("<header>").append(element("p", "kicker", "Windtunnel report"))
                .append(element("h1", "", result.sweep()))
                .append("<dl class=\"facts\">");
        StudyOrigin origin = result.origin();
        fact("runs", result.runs().isEmpty() && result.law() != null ? null : String.valueOf(result.runs().size()));
        if (result.runs().isEmpty() && result.law() != null) {
            fact("law", result.law().formula());
            fact("points", String.valueOf(result.law().points().size()));
        }
        if (origin != null) {
            fact("made", origin.studied());
            fact("data", String.join("; ", origin.data()));
            fact("machine", String.join("; ", origin.machines()));
            fact("revision", String.join(", ", origin.revisions()));
        }
        if (!result.runs().isEmpty()) {
            fact("N", switch (result.options().size()) {
                case NON_EMBEDDING -> "parameters without embeddings";
                case TOTAL -> "all parameters";
            });
        }
        out.append("</dl></header>\n");
    }

    private void fact(String name, String value) {
        if (value != null && !value.isBlank()) {
            out.append("<div>").append(element("dt", "", name)).append(element("dd", "", value)).append("</div>");
        }
    }

    private void tables() {
        LawStudy law = result.law();
        out.append("<section>").append(element("h2", "", "Parameters of the law"));
        if (law == null) {
            out.append(element("p", "gap", LawChart.missing(result))).append("</section>\n");
            return;
        }
        out.append("<p class=\"formula\">" + Html.formula(law.formula()) + "</p>")
                .append(Tables.parameters(law))
                .append(Tables.minima(law));
        out.append("</section>\n<section>").append(element("h2", "", "Errors, fitted and held out"))
                .append(Tables.errors(law)).append("</section>\n");
        if (!law.allocations().isEmpty()) {
            out.append("<section>").append(element("h2", "", "Compute-optimal allocation"))
                    .append(Tables.allocations(law.allocations())).append("</section>\n");
        }
        out.append("<section>").append(element("h2", "", "Points of the law")).append(Tables.points(law))
                .append("</section>\n");
    }
}
