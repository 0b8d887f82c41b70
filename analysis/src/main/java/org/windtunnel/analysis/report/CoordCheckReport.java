package org.windtunnel.analysis.report;

import static org.windtunnel.analysis.report.Html.element;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.report.CoordCheckCurves.Curve;
import org.windtunnel.analysis.report.CoordCheckCurves.Measure;

/** A coordinate check as one self-contained HTML page: a chart with a panel a module, and the slopes. */
public final class CoordCheckReport {
    private static final String TITLE = "Size of every module's output against width";

    private static final String READING =
            "One panel a module, one line a step; t1 is the forward pass before any update. Both axes are logarithmic: a "
                    + "horizontal line does not depend on width, which is what lets a learning rate transfer. Change is measured "
                    + "from t1 on the same batch, and is the more sensitive of the two.";

    private static final String SPEC = """
            {"facet": {"field": "module", "type": "nominal", "title": null},
             "spacing": 18,
             "transform": [{"filter": "datum.measure == 'size'"}],
             "spec": {
              "height": 170,
              "encoding": {
               "x": {"field": "width", "type": "quantitative", "title": "width", "axis": {"grid": false, "format": "~d"}},
               "y": {"field": "value", "type": "quantitative", "title": "mean |y|", "axis": {"format": "~g", "tickCount": 5},
                     "scale": {"type": "log", "nice": false}},
               "color": {"field": "step", "type": "ordinal", "title": "step"},
               "tooltip": [{"field": "module"}, {"field": "step"}, {"field": "width"}, {"field": "value", "format": ".4~g"},
                {"field": "slope", "format": "+.3f"}]},
              "mark": {"type": "line", "strokeWidth": 2, "point": {"size": 30}}}}
            """;

    private CoordCheckReport() {}

    /** Writes the page, replacing an older one. @throws AnalysisException if it cannot be written */
    public static void write(CoordCheckCurves check, Path page) {
        HtmlPage.write(html(check), page);
    }

    /** The page as text. */
    static String html(CoordCheckCurves check) {
        HtmlPage out = new HtmlPage(check.name() + ", coordinate check – Windtunnel");
        out.append("<header>").append(element("p", "kicker", "Windtunnel coordinate check"))
                .append(element("h1", "", check.name())).append("<dl class=\"facts\">");
        for (CoordCheckCurves.Fact fact : check.facts()) {
            out.append("<div>")
                    .append(element("dt", "", fact.label()))
                    .append(element("dd", "", fact.text()))
                    .append("</div>");
        }
        out.append("</dl></header>\n<section>").append(element("p", "", check.verdict())).append("</section>\n");
        out.figure(chart(check));
        out.append("<section>").append(element("h2", "", "Slopes")).append(table(check)).append("</section>\n");
        return out.finish();
    }

    private static Figure chart(CoordCheckCurves check) {
        ArrayNode rows = Specs.array();
        for (Curve curve : check.curves()) {
            for (int i = 0; i < check.widths().size(); i++) {
                if (curve.values().get(i) > 0) {
                    ObjectNode row = rows.addObject()
                            .put("module", curve.module())
                            .put("measure", curve.measure().label())
                            .put("step", "t" + curve.step())
                            .put("width", check.widths().get(i));
                    Specs.number(row, "value", curve.values().get(i));
                    Specs.number(row, "slope", curve.slope());
                }
            }
        }
        List<String> modules = check.curves().stream().map(Curve::module).distinct().toList();
        TreeSet<Double> widths = new TreeSet<>();
        check.widths().forEach(w -> widths.add((double) w));
        ObjectNode spec = Specs.literal(SPEC);
        spec.set("data", Specs.object().set("values", rows));
        ((ObjectNode) spec.get("facet")).set("sort", Specs.texts(modules));
        spec.put("columns", 3);
        ObjectNode x = (ObjectNode) spec.at("/spec/encoding/x");
        x.set("scale", LrChart.logScale(widths));
        ((ObjectNode) x.get("axis")).set("values", Specs.numbers(widths));
        Figure.Control shown = new Figure.Control(
                "shown",
                List.of(
                        option("size, mean |y|", Measure.SIZE, "mean |y|"),
                        option("change, mean |y − y₁|", Measure.CHANGE, "mean |y − y₁|")));
        return new Figure.Chart("coord-check", TITLE, READING, spec, List.of(shown),
                new Figure.Layout(List.of("spec"), 3, 62, 22, "columns"));
    }

    private static Figure.Option option(String label, Measure measure, String axis) {
        ArrayNode filter = Specs.array();
        filter.addObject().put("filter", "datum.measure == '" + measure.label() + "'");
        JsonNode title = Specs.array().add(axis).get(0);
        return new Figure.Option(label, List.of(
                new Figure.Setting("transform", filter), new Figure.Setting("spec.encoding.y.title", title)));
    }

    private static String table(CoordCheckCurves check) {
        StringBuilder out =
                new StringBuilder("<div class=\"scroll\"><table><thead><tr>").append(element("th", "", "module"));
        List<String> modules = check.curves().stream().map(Curve::module).distinct().toList();
        if (!modules.isEmpty()) {
            of(check, modules.get(0))
                    .forEach(c -> out.append(element("th", "number", c.measure().label() + " t" + c.step())));
        }
        out.append(element("th", "", "flat?")).append("</tr></thead><tbody>");
        for (String module : modules) {
            List<Curve> curves = of(check, module);
            out.append("<tr>").append(element("td", "", module));
            curves.forEach(c -> out.append(element("td", "number",
                    Double.isNaN(c.slope()) ? "–" : String.format(Locale.ROOT, "%+.2f", c.slope()))));
            boolean flat = curves.stream().allMatch(Curve::flat);
            out.append("<td>")
                    .append(element("span", flat ? "badge yes" : "badge no", flat ? "yes" : "no"))
                    .append("</td></tr>");
        }
        return out.append("</tbody></table></div>").toString();
    }

    private static List<Curve> of(CoordCheckCurves check, String module) {
        return check.curves().stream().filter(c -> c.module().equals(module)).toList();
    }
}
