package org.windtunnel.analysis.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.TreeSet;
import org.windtunnel.analysis.fit.HoldOut;
import org.windtunnel.analysis.study.LawStudy;
import org.windtunnel.analysis.study.StudyResult;

/** How far the law is from each point, over compute. */
final class ResidualChart {
    static final String TITLE = "Errors of the law";

    private static final String SPEC = """
            {"height": 220,
             "encoding": {
              "x": {"field": "x", "type": "quantitative", "title": "compute (FLOP)",
                    "scale": {"type": "log", "nice": false, "padding": 14},
                    "axis": {"labelExpr": "test(/^[125]/, format(datum.value, '.0e')) ? replace(format(datum.value, '.0e'), '+', '') : ''", "labelOverlap": "greedy", "tickCount": 8}},
              "y": {"field": "error", "type": "quantitative", "title": "predicted over measured, %",
                    "axis": {"format": "+~g", "tickCount": 6,
                     "gridColor": {"condition": {"test": "datum.value == 0", "value": "var(--soft)"}, "value": "var(--grid)"}}},
              "color": {"field": "n", "title": "N", "legend": {"labelExpr": "format(datum.value, '.3~s')", "format": ".3~s"}}},
             "layer": [
              {"transform": [{"filter": "datum.lo != null"}],
               "mark": {"type": "rule", "strokeWidth": 1.4, "opacity": 0.7},
               "encoding": {"y": {"field": "lo", "type": "quantitative"}, "y2": {"field": "hi"}}},
              {"transform": [{"filter": "!datum.heldOut"}],
               "mark": {"type": "point", "filled": true, "size": 55, "opacity": 1},
               "encoding": {"tooltip": [
                {"field": "runs", "title": "run"}, {"field": "n", "title": "N", "format": ".4~s"}, {"field": "d", "title": "D", "format": ".4~s"},
                {"field": "loss", "title": "measured", "format": ".4f"}, {"field": "predicted", "format": ".4f"},
                {"field": "error", "title": "error, %", "format": "+.2f"}]}},
              {"transform": [{"filter": "datum.heldOut"}],
               "mark": {"type": "point", "shape": "diamond", "size": 85, "opacity": 1, "strokeWidth": 2},
               "encoding": {"tooltip": [
                {"field": "runs", "title": "run"}, {"field": "n", "title": "N", "format": ".4~s"}, {"field": "d", "title": "D", "format": ".4~s"},
                {"field": "loss", "title": "measured", "format": ".4f"}, {"field": "predicted", "format": ".4f"},
                {"field": "error", "title": "error, %", "format": "+.2f"}]}}]}
            """;

    private ResidualChart() {}

    static Figure draw(StudyResult result) {
        LawStudy law = result.law();
        if (law == null) {
            return new Figure.Gap(TITLE, "There is no fitted law to compare with.");
        }
        ArrayNode rows = Specs.array();
        TreeSet<Double> sizes = new TreeSet<>();
        boolean compute = law.points().stream().allMatch(p -> p.compute() > 0);
        boolean sized = law.points().stream().allMatch(p -> p.n() > 0);
        for (LawStudy.Point point : law.points()) {
            if (sized) {
                sizes.add(Specs.rounded(point.n()).doubleValue());
            }
            row(rows, law, point, compute);
        }
        ObjectNode spec = Specs.literal(SPEC);
        if (!compute) {
            axis((ObjectNode) spec.get("encoding").get("x"), law);
        }
        spec.set("data", Specs.object().set("values", rows));
        // Layers without a row make Vega complain about their scales.
        ArrayNode layers = (ArrayNode) spec.get("layer");
        if (law.points().stream().noneMatch(p -> blind(law, p) != null)) {
            layers.remove(2);
        }
        if (law.points().stream().noneMatch(p -> blind(law, p) != null && Double.isFinite(blind(law, p).lo()))) {
            layers.remove(0);
        }
        ObjectNode colour = (ObjectNode) spec.get("encoding").get("color");
        if (!sized) {
            ((ObjectNode) spec.get("encoding")).set("color", Specs.literal("{\"value\": \"var(--accent)\"}"));
        } else {
            ColourClasses classes = ColourClasses.of(sizes);
            colour.put("type", "ordinal");
            colour.set("scale", Specs.object().set("domain", Specs.numbers(classes.values())));
            colour.put("field", "size");
            rows.forEach(row -> Specs.number(
                    (ObjectNode) row, "size", classes.of(row.path("n").asDouble())));
            colour.put("title", classes.all() ? "N" : "N near");
        }
        String reading = "Circles: the law against the points it was fitted to. "
                + (law.holdOut() == null
                        ? ""
                        : "Diamonds: the law fitted without the held-out points against those points, with the bootstrap "
                                + "interval of the prediction. ")
                + "A law that fits scatters around zero without a trend; a slope or a bend means that the form is wrong or "
                + "that the learning rate was not tuned for every size.";
        return new Figure.Chart("residuals", TITLE, reading, spec, List.of(),
                new Figure.Layout(List.of(""), 1, 76, 0, null));
    }

    /** Along the first input of a law that knows no compute. */
    private static void axis(ObjectNode x, LawStudy law) {
        x.put("title", law.inputs().get(0));
        x.set("axis", Specs.literal("{\"format\": \"~s\", \"labelOverlap\": \"greedy\", \"tickCount\": 8}"));
        if (law.points().stream().anyMatch(p -> !(p.inputs()[0] > 0))) {
            x.set("scale", Specs.literal("{\"nice\": false, \"padding\": 14, \"zero\": false}"));
        }
    }

    private static void row(ArrayNode rows, LawStudy law, LawStudy.Point point, boolean compute) {
        HoldOut.Point blind = blind(law, point);
        ObjectNode row = rows.addObject();
        Specs.number(row, "x", compute ? point.compute() : point.inputs()[0]);
        Specs.number(row, "compute", point.compute());
        Specs.number(row, "n", point.n());
        Specs.number(row, "d", point.d());
        Specs.number(row, "loss", point.loss());
        double predicted = blind == null ? point.predicted() : blind.predicted();
        Specs.number(row, "predicted", predicted);
        Specs.number(row, "error", error(predicted, point));
        if (blind != null) {
            Specs.number(row, "lo", error(blind.lo(), point));
            Specs.number(row, "hi", error(blind.hi(), point));
        }
        row.put("heldOut", blind != null);
        row.put("runs", String.join(", ", point.runIds()));
    }

    private static HoldOut.Point blind(LawStudy law, LawStudy.Point point) {
        return point.heldOut() ? LawChart.blind(law, point) : null;
    }

    private static double error(double predicted, LawStudy.Point point) {
        return 100 * (predicted / point.loss() - 1);
    }
}
