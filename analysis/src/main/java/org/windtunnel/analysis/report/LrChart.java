package org.windtunnel.analysis.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.windtunnel.analysis.study.StudyResult;
import org.windtunnel.analysis.transfer.LrBowl;
import org.windtunnel.analysis.transfer.LrOptimum;
import org.windtunnel.analysis.transfer.LrPoint;
import org.windtunnel.analysis.transfer.TransferGroup;

/** Final loss against learning rate, one line a width or other size, one panel a group, all panels on one loss scale. */
final class LrChart {
    static final String TITLE = "Loss against learning rate";
    private static final int PARABOLA_POINTS = 33;

    private static final String READING =
            "Each line is one $AXIS, each dot one learning rate (mean over seeds). The diamond is the estimated optimum, "
                    + "the bar through it its 95 % interval, the dashed curve the fitted parabola. Triangles at the top edge are "
                    + "runs that diverged (filled) or lie above the axis (hollow). Diamonds in one vertical line mean that the "
                    + "learning rate transfers.";

    private static final String SPEC = """
            {"facet": {"field": "group", "type": "nominal", "title": null},
             "spacing": 18,
             "spec": {
              "height": 360,
              "encoding": {
               "color": {"field": "width", "type": "ordinal", "title": "$AXIS"},
               "x": {"field": "lr", "type": "quantitative", "title": "learning rate (log2 scale)",
                     "axis": {"format": ".1~e", "labelOverlap": "greedy", "grid": true}},
               "y": {"field": "loss", "type": "quantitative", "title": "final loss (nats per $UNIT)"}},
              "layer": [
               {"transform": [{"filter": "datum.kind == 'parabola'"}],
                "mark": {"type": "line", "strokeDash": [4, 4], "strokeWidth": 1.2, "opacity": 0.75, "clip": true}},
               {"transform": [{"filter": "datum.kind == 'point' && datum.loss != null"}],
                "mark": {"type": "line", "strokeWidth": 2, "clip": true}},
               {"transform": [{"filter": "datum.kind == 'point' && datum.edge == null"}],
                "mark": {"type": "point", "filled": true, "size": 46, "opacity": 1, "clip": true},
                "encoding": {"tooltip": [
                 {"field": "runs", "title": "run"}, {"field": "width", "title": "$AXIS"}, {"field": "lr", "title": "learning rate"},
                 {"field": "loss", "format": ".4f"}, {"field": "spread", "title": "sd over seeds", "format": ".4f"}]}},
               {"transform": [{"filter": "datum.kind == 'optimum'"}],
                "mark": {"type": "rule", "strokeWidth": 2.5, "opacity": 0.9, "clip": true},
                "encoding": {"x": {"field": "lo", "type": "quantitative"}, "x2": {"field": "hi"}}},
               {"transform": [{"filter": "datum.kind == 'optimum'"}],
                "mark": {"type": "point", "shape": "diamond", "filled": true, "size": 150, "opacity": 1,
                         "stroke": "var(--card)", "strokeWidth": 1.5},
                "encoding": {"tooltip": [
                 {"field": "width", "title": "$AXIS"}, {"field": "lr", "title": "best learning rate", "format": ".3~e"},
                 {"field": "interval", "title": "95 % interval"}, {"field": "source", "title": "interval from"},
                 {"field": "loss", "format": ".4f"}, {"field": "note"}]}},
               {"transform": [{"filter": "datum.edge == 'diverged'"}],
                "mark": {"type": "point", "shape": "triangle-up", "filled": true, "size": 80, "opacity": 1,
                         "strokeWidth": 1.6, "yOffset": {"expr": "8 + 13 * datum.rank"}},
                "encoding": {"y": {"value": 0}, "tooltip": [
                 {"field": "runs", "title": "run"}, {"field": "width", "title": "$AXIS"}, {"field": "lr", "title": "learning rate"},
                 {"field": "edge", "title": "status"}, {"field": "loss", "format": ".4f"}]}},
               {"transform": [{"filter": "datum.edge == 'above the axis'"}],
                "mark": {"type": "point", "shape": "triangle-up", "filled": false, "size": 80, "opacity": 1,
                         "strokeWidth": 1.6, "yOffset": {"expr": "8 + 13 * datum.rank"}},
                "encoding": {"y": {"value": 0}, "tooltip": [
                 {"field": "runs", "title": "run"}, {"field": "width", "title": "$AXIS"}, {"field": "lr", "title": "learning rate"},
                 {"field": "edge", "title": "status"}, {"field": "loss", "format": ".4f"}]}}]}}
            """;

    private final List<TransferGroup> groups;
    private final ArrayNode rows = Specs.array();
    private final TreeSet<Double> rates = new TreeSet<>();
    private final TreeSet<Double> widths = new TreeSet<>();
    private final LossRange range;

    private LrChart(List<TransferGroup> groups) {
        this.groups = groups;
        range = LossRange.of(groups);
        groups.stream().flatMap(g -> g.bowls().stream()).forEach(b -> b.points().forEach(p -> rates.add(p.lr())));
        groups.forEach(g -> g.bowls().forEach(b -> widths.add(b.width())));
    }

    static Figure draw(StudyResult result) {
        List<TransferGroup> groups = result.transfer();
        if (groups.isEmpty()) {
            return new Figure.Gap(
                    TITLE,
                    "No group of runs has three or more learning rates at one "
                            + result.options().axis()
                            + ", so there is no"
                            + " optimum to look for. Sweep " + result.options().lrPath() + " to see this chart.");
        }
        if (LossRange.of(groups) == null) {
            return new Figure.Gap(TITLE, "Every run of the sweep diverged; lower the learning rates.");
        }
        return new LrChart(groups).chart(result.options().axis(), result.unit());
    }

    private Figure chart(String axis, String unit) {
        groups.forEach(this::rows);
        ObjectNode spec = Specs.literal(SPEC.replace("$AXIS", axis).replace("$UNIT", unit));
        spec.set("data", Specs.object().set("values", rows));
        ((ObjectNode) spec.get("facet")).set("sort", Specs.texts(groups.stream().map(TransferGroup::label).toList()));
        int columns = Math.min(3, groups.size());
        spec.put("columns", columns);
        ObjectNode encoding = (ObjectNode) spec.get("spec").get("encoding");
        ObjectNode colour = Specs.object();
        colour.set("domain", Specs.numbers(widths));
        ((ObjectNode) encoding.get("color")).set("scale", colour);
        ObjectNode x = (ObjectNode) encoding.get("x");
        x.set("scale", logScale(rates));
        if (rates.size() <= 16) {
            ((ObjectNode) x.get("axis")).set("values", Specs.numbers(rates));
        }
        ObjectNode y = Specs.object().put("zero", false).put("nice", false);
        y.set("domain", Specs.numbers(List.of(range.floor(), range.ceiling())));
        ((ObjectNode) encoding.get("y")).set("scale", y);
        return new Figure.Chart("lr-sweep", TITLE, READING.replace("$AXIS", axis), spec, List.of(),
                new Figure.Layout(List.of("spec"), columns, 62, 22, "columns"));
    }

    /** Base-2 scale a quarter of an octave wider than its values. */
    static ObjectNode logScale(TreeSet<Double> values) {
        ObjectNode scale = Specs.object().put("type", "log").put("base", 2).put("nice", false);
        double margin = Math.pow(2, 0.25);
        scale.set("domain", Specs.numbers(List.of(values.first() / margin, values.last() * margin)));
        return scale;
    }

    private void rows(TransferGroup group) {
        Map<Double, Integer> atEdge = new HashMap<>();
        for (LrBowl bowl : group.bowls()) {
            for (LrPoint point : bowl.points()) {
                ObjectNode row = row(group, bowl, "point");
                Specs.number(row, "lr", point.lr());
                Specs.number(row, "loss", point.loss());
                Specs.number(row, "spread", point.spread());
                row.put("runs", String.join(", ", point.runIds()));
                if (point.diverged() || point.loss() > range.ceiling()) {
                    row.put("edge", point.diverged() ? "diverged" : "above the axis");
                    row.put("rank", atEdge.merge(point.lr(), 1, Integer::sum) - 1);
                } else {
                    row.putNull("edge");
                }
            }
            if (bowl.optimum() != null) {
                optimum(group, bowl);
            }
        }
    }

    private void optimum(TransferGroup group, LrBowl bowl) {
        LrOptimum optimum = bowl.optimum();
        ObjectNode row = row(group, bowl, "optimum");
        Specs.number(row, "lr", optimum.lr());
        Specs.number(row, "lo", optimum.lo() == null ? rates.first() : optimum.lo());
        Specs.number(row, "hi", optimum.hi() == null ? rates.last() : optimum.hi());
        Specs.number(row, "loss", optimum.loss());
        row.put("interval", interval(optimum));
        row.put("source", optimum.interval());
        row.put("note", optimum.note() == null ? "–" : optimum.note());
        LrOptimum.Parabola parabola = optimum.parabola();
        if (parabola != null) {
            List<Double> at = new ArrayList<>();
            for (int i = 0; i < PARABOLA_POINTS; i++) {
                double share = i / (PARABOLA_POINTS - 1.0);
                at.add(parabola.fromLr() * Math.pow(parabola.toLr() / parabola.fromLr(), share));
            }
            for (double lr : at) {
                ObjectNode point = row(group, bowl, "parabola");
                Specs.number(point, "lr", lr);
                Specs.number(point, "loss", parabola.at(lr));
            }
        }
    }

    /** {@code 0.002 – 0.004}, with the open end in words. */
    static String interval(LrOptimum optimum) {
        return (optimum.lo() == null ? "no lower bound" : Format.rate(optimum.lo())) + " – "
                + (optimum.hi() == null ? "no upper bound" : Format.rate(optimum.hi()));
    }

    private ObjectNode row(TransferGroup group, LrBowl bowl, String kind) {
        ObjectNode row = rows.addObject();
        row.put("kind", kind);
        row.put("group", group.label());
        Specs.number(row, "width", bowl.width());
        return row;
    }
}
