package org.windtunnel.analysis.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.windtunnel.analysis.study.StudyResult;
import org.windtunnel.analysis.transfer.LrBowl;
import org.windtunnel.analysis.transfer.LrOptimum;
import org.windtunnel.analysis.transfer.TransferGroup;

/** Best learning rate against width, or another size, with its interval, one line a group. */
final class OptimumChart {
    private static final String TITLE = "Best learning rate against ";

    private static final String READING =
            "One mark a value with its 95 % interval; hollow marks sit at the edge of the learning rates that were tried, so the "
                    + "true optimum may lie further out. A flat line means that the best learning rate of the smallest (dotted) "
                    + "also serves the largest.";

    private static final String SPEC = """
            {"height": 300,
             "encoding": {
              "x": {"field": "x", "type": "quantitative", "title": "$AXIS (log2 scale)", "axis": {"grid": false, "format": "~d"}},
              "y": {"field": "lr", "type": "quantitative", "title": "best learning rate (log2 scale)",
                    "axis": {"format": ".1~e"}},
              "color": {"field": "group", "type": "nominal", "title": null}},
             "layer": [
              {"transform": [{"filter": "datum.kind == 'base'"}],
               "mark": {"type": "line", "strokeDash": [2, 4], "opacity": 0.6, "strokeWidth": 1.2}},
              {"transform": [{"filter": "datum.kind == 'optimum'"}],
               "mark": {"type": "line", "strokeWidth": 2, "opacity": 0.9}},
              {"transform": [{"filter": "datum.kind == 'optimum'"}],
               "mark": {"type": "errorbar", "ticks": {"width": 9}, "thickness": 1.6},
               "encoding": {"y": {"field": "lo", "type": "quantitative", "title": "best learning rate (log2 scale)"}, "y2": {"field": "hi"}}},
              {"transform": [{"filter": "datum.kind == 'optimum' && datum.bounded"}],
               "mark": {"type": "point", "filled": true, "size": 80, "opacity": 1},
               "encoding": {"tooltip": [
                {"field": "group"}, {"field": "width", "title": "$AXIS"}, {"field": "lr", "title": "best learning rate", "format": ".3~e"},
                {"field": "interval", "title": "95 % interval"}, {"field": "source", "title": "interval from"},
                {"field": "note"}]}},
              {"transform": [{"filter": "datum.kind == 'optimum' && !datum.bounded"}],
               "mark": {"type": "point", "size": 80, "opacity": 1, "strokeWidth": 2, "fill": "var(--card)"},
               "encoding": {"tooltip": [
                {"field": "group"}, {"field": "width", "title": "$AXIS"}, {"field": "lr", "title": "best learning rate", "format": ".3~e"},
                {"field": "interval", "title": "95 % interval"}, {"field": "source", "title": "interval from"},
                {"field": "note"}]}}]}
            """;

    private OptimumChart() {}

    static Figure draw(StudyResult result) {
        String axis = result.options().axis();
        TreeSet<Double> widths = new TreeSet<>();
        TreeSet<Double> rates = new TreeSet<>();
        for (TransferGroup group : result.transfer()) {
            for (LrBowl bowl : group.bowls()) {
                if (bowl.optimum() != null) {
                    widths.add(bowl.width());
                    bowl.points().forEach(p -> rates.add(p.lr()));
                }
            }
        }
        if (widths.size() < 2) {
            return new Figure.Gap(
                    TITLE + axis,
                    "Fewer than two values have an optimum. Sweep "
                            + result.options().widthPath()
                            + " with several learning rates each to see how the optimum moves.");
        }
        ArrayNode rows = Specs.array();
        List<String> labels = new ArrayList<>();
        for (TransferGroup group : result.transfer()) {
            rows(rows, group, labels.size() - (result.transfer().size() - 1) / 2.0, rates, widths.last());
            labels.add(group.label());
        }
        ObjectNode spec = Specs.literal(SPEC.replace("$AXIS", axis));
        spec.set("data", Specs.object().set("values", rows));
        ObjectNode encoding = (ObjectNode) spec.get("encoding");
        ObjectNode x = (ObjectNode) encoding.get("x");
        x.set("scale", LrChart.logScale(widths));
        ((ObjectNode) x.get("axis")).set("values", Specs.numbers(widths));
        ObjectNode y = (ObjectNode) encoding.get("y");
        y.set("scale", LrChart.logScale(rates));
        ((ObjectNode) y.get("axis")).set("values", Specs.numbers(rates));
        ((ObjectNode) encoding.get("color")).set("scale", Specs.object().set("domain", Specs.texts(labels)));
        return new Figure.Chart("lr-optimum", TITLE + axis, READING, spec, List.of(),
                new Figure.Layout(List.of(""), 1, 90, 0, null));
    }

    /** @param place of the group beside the others, in steps from the middle, so that intervals do not cover each other */
    private static void rows(ArrayNode rows, TransferGroup group, double place, TreeSet<Double> rates, double largest) {
        double shift = Math.pow(2, 0.025 * place);
        Double base = null;
        for (LrBowl bowl : group.bowls()) {
            LrOptimum optimum = bowl.optimum();
            if (optimum == null) {
                continue;
            }
            ObjectNode row = rows.addObject().put("kind", "optimum").put("group", group.label());
            Specs.number(row, "x", bowl.width() * shift);
            Specs.number(row, "width", bowl.width());
            Specs.number(row, "lr", optimum.lr());
            Specs.number(row, "lo", optimum.lo() == null ? rates.first() : optimum.lo());
            Specs.number(row, "hi", optimum.hi() == null ? rates.last() : optimum.hi());
            row.put("bounded", optimum.lo() != null && optimum.hi() != null);
            row.put("interval", LrChart.interval(optimum));
            row.put("source", optimum.interval());
            row.put("note", optimum.note() == null ? "–" : optimum.note());
            if (base == null) {
                base = optimum.lr();
                base(rows, group, bowl.width(), base);
            }
        }
        if (base != null) {
            base(rows, group, largest, base);
        }
    }

    private static void base(ArrayNode rows, TransferGroup group, double width, double lr) {
        ObjectNode row = rows.addObject().put("kind", "base").put("group", group.label());
        Specs.number(row, "x", width);
        Specs.number(row, "lr", lr);
    }
}
