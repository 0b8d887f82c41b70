package org.windtunnel.analysis.report;

import static org.windtunnel.analysis.report.Html.element;
import static org.windtunnel.analysis.report.Html.escape;

import java.util.List;
import org.windtunnel.analysis.fit.ParameterEstimate;
import org.windtunnel.analysis.plan.Allocation;
import org.windtunnel.analysis.study.LawStudy;

/** The law's numbers as tables. */
final class Tables {
    private Tables() {}

    /** Estimate, interval and identifiability of each parameter. */
    static String parameters(LawStudy law) {
        String level = Format.percent(law.level());
        StringBuilder out = new StringBuilder("<div class=\"scroll\"><table><thead><tr>")
                .append(element("th", "", "parameter"))
                .append(element("th", "number", "estimate"))
                .append(element("th", "number", level + " interval"))
                .append(element("th", "number", "standard error"))
                .append(element("th", "", "identifiable?"))
                .append("</tr></thead><tbody>");
        law.parameters().forEach(p -> parameter(out, p.name(), p));
        if (law.optimalExponent() != null) {
            parameter(out, "a in N* ∝ C^a", law.optimalExponent());
        }
        return out.append("</tbody></table></div>").toString();
    }

    private static void parameter(StringBuilder out, String name, ParameterEstimate p) {
        out.append("<tr>")
                .append(element("td", "", name))
                .append(element("td", "number", Format.parameter(p.value())))
                .append(element("td", "number", Format.parameter(p.lo()) + " – " + Format.parameter(p.hi())))
                .append(element("td", "number", Format.parameter(p.se())))
                .append("<td>")
                .append(p.identified() ? element("span", "badge yes", "yes") : element("span", "badge no", "no"))
                .append("</td></tr>");
    }

    /** Compute-optimal size and tokens for growing budgets. */
    static String allocations(List<Allocation> allocations) {
        StringBuilder out = new StringBuilder("<div class=\"scroll\"><table><thead><tr>");
        for (String head : List.of("compute (FLOP)", "beyond the data", "parameters N*", "interval", "tokens D*", "interval",
                "D*/N*", "predicted loss", "interval")) {
            out.append(element("th", "number", head));
        }
        out.append("</tr></thead><tbody>");
        for (Allocation a : allocations) {
            out.append("<tr>");
            for (String cell : List.of(
                    Format.flops(a.compute()),
                    a.beyond() > 1 ? "×" + Format.si(a.beyond()) : "within",
                    Format.si(a.n()),
                    Format.si(a.nLo()) + " – " + Format.si(a.nHi()),
                    Format.si(a.d()),
                    Format.si(a.dLo()) + " – " + Format.si(a.dHi()),
                    Format.si(a.d() / a.n()),
                    Format.loss(a.loss()),
                    Format.loss(a.lossLo()) + " – " + Format.loss(a.lossHi()))) {
                out.append("<td class=\"number\">").append(escape(cell)).append("</td>");
            }
            out.append("</tr>");
        }
        return out.append("</tbody></table></div>").toString();
    }
}
