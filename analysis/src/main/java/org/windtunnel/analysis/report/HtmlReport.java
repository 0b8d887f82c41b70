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
        out.figure(LrChart.draw(result));
        out.figure(OptimumChart.draw(result));
        out.figure(CurveChart.draw(result));
        out.figure(LawChart.draw(result));
        out.figure(ResidualChart.draw(result));
        tables();
        return out.finish();
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
}
