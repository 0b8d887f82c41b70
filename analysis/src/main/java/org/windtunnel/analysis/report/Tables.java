package org.windtunnel.analysis.report;

import static org.windtunnel.analysis.report.Html.element;
import static org.windtunnel.analysis.report.Html.escape;

import java.util.List;
import java.util.Locale;
import org.windtunnel.analysis.fit.FitErrors;
import org.windtunnel.analysis.fit.ParameterEstimate;
import org.windtunnel.analysis.fit.TableFit;
import org.windtunnel.analysis.plan.Allocation;
import org.windtunnel.analysis.study.LawStudy;

/** The law's numbers as tables. */
final class Tables {
    private Tables() {}

    /** Estimate, interval and identifiability of each parameter. */
    static String parameters(LawStudy law) {
        String level = Format.percent(law.level());
        StringBuilder out = new StringBuilder("<div class=\"scroll\"><table data-csv=\"parameters\"><thead><tr>")
                .append(element("th", "", "parameter"))
                .append(element("th", "number", "estimate"))
                .append(element("th", "number", level + " interval"))
                .append(element("th", "number", "bootstrap SE"))
                .append(element("th", "number", "sandwich SE"))
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
                .append(element("td", "number", p.sandwichSe() == null ? "–" : Format.parameter(p.sandwichSe())))
                .append("<td>")
                .append(p.identified() ? element("span", "badge yes", "yes") : element("span", "badge no", "no"))
                .append("</td></tr>");
    }

    /** Errors on the points fitted and on those held out, beside the baselines. */
    static String errors(LawStudy law) {
        StringBuilder out = new StringBuilder("<div class=\"scroll\"><table data-csv=\"errors\"><thead><tr>")
                .append(element("th", "", "prediction of"))
                .append(element("th", "", "by"));
        for (String head : List.of("points", "mean error", "worst", "MAE", "RMSE", "bias", "R²")) {
            out.append(element("th", "number", head));
        }
        out.append("</tr></thead><tbody>");
        error(out, "the points fitted", "the law", law.errors(), false);
        if (!law.holdOuts().isEmpty()) {
            for (TableFit.Prediction h : law.holdOuts()) {
                error(out, h.rule() + ", not fitted", "the law", h.errors(), true);
                h.baselines().forEach(b -> error(out, "", b.name(), b.errors(), false));
            }
        } else if (law.holdOut() != null) {
            error(out, law.holdOut().rule() + ", not fitted", "the law", law.holdOut().errors(), true);
            error(out, "", "last loss of the largest model fitted", law.holdOut().lastLoss(), false);
            if (law.holdOut().computeLaw() != null) {
                error(out, "", "E + A C^-alpha", law.holdOut().computeLaw(), false);
            }
        }
        return out.append("</tbody></table></div>").toString();
    }

    private static void error(StringBuilder out, String what, String by, FitErrors e, boolean first) {
        out.append(first ? "<tr class=\"first\">" : "<tr>")
                .append(element("td", "", what))
                .append(element("td", "", by));
        for (String cell : List.of(
                String.valueOf(e.points()),
                percent(e.are()),
                percent(e.maxAre()),
                Format.parameter(e.mae()),
                Format.parameter(e.rmse()),
                Format.parameter(e.bias()),
                e.r2() == null ? "–" : String.format(Locale.ROOT, "%.4f", e.r2()))) {
            out.append(element("td", "number", cell));
        }
        out.append("</tr>");
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.2f %%", 100 * share);
    }

    /** Other minima of the objective that starts ended in; empty where there is none. */
    static String minima(LawStudy law) {
        if (law.optima().size() < 2) {
            return "";
        }
        StringBuilder out = new StringBuilder(
                        "<h3>Minima of the objective</h3><div class=\"scroll\"><table data-csv=\"minima\">")
                .append("<thead><tr>")
                .append(element("th", "number", "objective"))
                .append(element("th", "number", "starts"));
        law.parameters().forEach(p -> out.append(element("th", "number", p.name())));
        out.append("</tr></thead><tbody>");
        for (LawStudy.Optimum optimum : law.optima()) {
            out.append("<tr>")
                    .append(element("td", "number", String.format(Locale.ROOT, "%.8g", optimum.objective())))
                    .append(element("td", "number", String.valueOf(optimum.starts())));
            for (double value : optimum.values()) {
                out.append(element("td", "number", Format.parameter(value)));
            }
            out.append("</tr>");
        }
        return out.append("</tbody></table></div>").toString();
    }

    /** Every point of the law with what it predicts, all digits for a download. */
    static String points(LawStudy law) {
        StringBuilder out = new StringBuilder(
                "<div class=\"scroll tall\"><table class=\"sortable\" data-csv=\"points\"><thead><tr>");
        boolean compute = law.points().stream().allMatch(p -> Double.isFinite(p.compute()))
                && !law.inputs().contains("C");
        law.inputs().forEach(name -> head(out, name));
        if (compute) {
            head(out, "C");
        }
        List.of(law.output(), "predicted", "error, %").forEach(name -> head(out, name));
        out.append("<th><button type=\"button\">held out</button></th><th><button type=\"button\">from</button></th>")
                .append("</tr></thead><tbody>\n");
        for (LawStudy.Point point : law.points()) {
            out.append("<tr>");
            for (double input : point.inputs()) {
                cell(out, input, Format.si(input));
            }
            if (compute) {
                cell(out, point.compute(), Format.flops(point.compute()));
            }
            cell(out, point.loss(), law.ofLoss() ? Format.loss(point.loss()) : Format.parameter(point.loss()));
            cell(
                    out,
                    point.predicted(),
                    law.ofLoss() ? Format.loss(point.predicted()) : Format.parameter(point.predicted()));
            double error = 100 * (point.predicted() / point.loss() - 1);
            cell(out, error, String.format(Locale.ROOT, "%+.2f", error));
            out.append(element("td", "", point.heldOut() ? "yes" : "no"))
                    .append(element("td", "", String.join(", ", point.runIds())))
                    .append("</tr>\n");
        }
        return out.append("</tbody></table></div>").toString();
    }

    private static void head(StringBuilder out, String name) {
        out.append("<th class=\"number\"><button type=\"button\">").append(escape(name)).append("</button></th>");
    }

    private static void cell(StringBuilder out, double value, String shown) {
        out.append("<td class=\"number\" data-value=\"")
                .append(value)
                .append("\">")
                .append(escape(shown))
                .append("</td>");
    }

    /** Compute-optimal size and tokens for growing budgets. */
    static String allocations(List<Allocation> allocations) {
        StringBuilder out = new StringBuilder("<div class=\"scroll\"><table data-csv=\"allocation\"><thead><tr>");
        for (String head : List.of(
                "compute (FLOP)",
                "beyond the data",
                "parameters N*",
                "interval",
                "tokens D*",
                "interval",
                "D*/N*",
                "predicted loss",
                "interval")) {
            out.append(element("th", "number", head));
        }
        out.append("</tr></thead><tbody>");
        for (Allocation a : allocations) {
            out.append("<tr>");
            List<String> budget =
                    List.of(Format.flops(a.compute()), a.beyond() > 1 ? "×" + Format.si(a.beyond()) : "within");
            for (String cell : budget) {
                out.append("<td class=\"number\">").append(escape(cell)).append("</td>");
            }
            if (a.hasOptimum()) {
                for (String cell : split(a)) {
                    out.append("<td class=\"number\">").append(escape(cell)).append("</td>");
                }
            } else {
                out.append("<td colspan=\"7\">no best split between ").append(Allocation.range()).append("</td>");
            }
            out.append("</tr>");
        }
        return out.append("</tbody></table></div>").toString();
    }

    private static List<String> split(Allocation a) {
        return List.of(
                Format.si(a.n()),
                Format.si(a.nLo()) + " – " + Format.si(a.nHi()),
                Format.si(a.d()),
                Format.si(a.dLo()) + " – " + Format.si(a.dHi()),
                Format.si(a.d() / a.n()),
                Format.loss(a.loss()),
                Format.loss(a.lossLo()) + " – " + Format.loss(a.lossHi()));
    }
}
