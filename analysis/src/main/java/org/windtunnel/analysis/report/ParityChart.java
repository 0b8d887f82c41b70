package org.windtunnel.analysis.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.windtunnel.analysis.fit.HoldOut;
import org.windtunnel.analysis.study.LawStudy;

/** What the law predicts against what was measured: for laws of more inputs than an axis can show. */
final class ParityChart {
    private static final String TITLE = "Predicted against measured";

    private static final String SPEC =
            """
            {"height": 380,
             "encoding": {
              "x": {"field": "measured", "type": "quantitative", "scale": {"type": "log", "nice": false},
                    "axis": {"format": "~g", "tickCount": 8}},
              "y": {"field": "predicted", "type": "quantitative", "scale": {"type": "log", "nice": false},
                    "axis": {"format": "~g", "tickCount": 8}},
              "color": {"field": "role", "type": "nominal", "title": null}},
             "layer": [
              {"transform": [{"filter": "datum.kind == 'equal'"}],
               "mark": {"type": "line", "color": "var(--soft)", "strokeDash": [6, 4]}, "encoding": {"color": null}},
              {"transform": [{"filter": "datum.kind == 'point'"}],
               "mark": {"type": "point", "filled": true, "size": 55, "opacity": 0.85},
               "encoding": {"tooltip": [
                {"field": "runs", "title": "run"}, {"field": "inputs"}, {"field": "measured", "format": ".5~g"},
                {"field": "predicted", "format": ".5~g"}, {"field": "role"}]}}]}
            """;

    private ParityChart() {}

    static Figure draw(LawStudy law, String unit) {
        ArrayNode rows = Specs.array();
        double low = Double.POSITIVE_INFINITY;
        double high = 0;
        for (LawStudy.Point point : law.points()) {
            HoldOut.Point blind = point.heldOut() ? LawChart.blind(law, point) : null;
            double predicted = blind == null ? point.predicted() : blind.predicted();
            ObjectNode row = rows.addObject().put("kind", "point").put("role", blind == null ? "fitted" : "held out");
            Specs.number(row, "measured", point.loss());
            Specs.number(row, "predicted", predicted);
            row.put("inputs", inputs(law, point)).put("runs", String.join(", ", point.runIds()));
            low = Math.min(low, Math.min(point.loss(), predicted));
            high = Math.max(high, Math.max(point.loss(), predicted));
        }
        List<Double> domain = List.of(low / 1.02, high * 1.02);
        for (double end : domain) {
            ObjectNode row = rows.addObject().put("kind", "equal");
            Specs.number(row, "measured", end);
            Specs.number(row, "predicted", end);
        }
        ObjectNode spec = Specs.literal(SPEC);
        spec.set("data", Specs.object().set("values", rows));
        for (String axis : List.of("x", "y")) {
            ObjectNode encoding = (ObjectNode) spec.get("encoding").get(axis);
            encoding.put("title", (axis.equals("x") ? "measured " : "predicted ") + LawChart.output(law, unit));
            ((ObjectNode) encoding.get("scale")).set("domain", Specs.numbers(domain));
        }
        return new Figure.Chart(
                "parity",
                TITLE,
                "On the dashed line the law is right. Points held out were predicted by the law"
                        + " fitted without them.",
                spec,
                List.of(),
                new Figure.Layout(List.of(""), 1, 76, 0, null));
    }

    private static String inputs(LawStudy law, LawStudy.Point point) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < point.inputs().length; i++) {
            text.append(i == 0 ? "" : ", ")
                    .append(law.inputs().get(i))
                    .append(" = ")
                    .append(Format.si(point.inputs()[i]));
        }
        return text.toString();
    }
}
