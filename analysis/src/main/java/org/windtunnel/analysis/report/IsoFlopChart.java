package org.windtunnel.analysis.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import org.windtunnel.analysis.isoflop.Growth;
import org.windtunnel.analysis.isoflop.IsoFlop;
import org.windtunnel.analysis.isoflop.IsoFlopFit;
import org.windtunnel.analysis.study.LawStudy;

/** Loss against size at equal compute, with the parabola of each budget and its vertex. */
final class IsoFlopChart {
    private static final String TITLE = "IsoFLOP curves";

    private static final int FEWEST = 4;
    private static final int SAMPLES = 31;

    private static final String SPEC =
            """
            {"height": 380,
             "encoding": {
              "x": {"field": "n", "type": "quantitative", "title": "parameters N",
                    "scale": {"type": "log", "nice": false, "padding": 12},
                    "axis": {"format": "~s", "labelOverlap": "greedy", "tickCount": 6}},
              "y": {"field": "loss", "type": "quantitative", "title": "loss (nats per token)",
                    "scale": {"type": "log", "nice": false, "padding": 12}, "axis": {"format": "~g", "tickCount": 8}},
              "color": {"field": "compute", "title": "FLOP"}},
             "layer": [
              {"transform": [{"filter": "datum.kind == 'parabola'"}],
               "mark": {"type": "line", "strokeWidth": 2, "opacity": 0.8, "clip": true}},
              {"transform": [{"filter": "datum.kind == 'point'"}],
               "mark": {"type": "point", "filled": true, "size": 40, "opacity": 0.75},
               "encoding": {"tooltip": [
                {"field": "compute", "title": "FLOP", "format": ".2e"}, {"field": "n", "title": "N", "format": ".4~s"},
                {"field": "loss", "format": ".4f"}]}},
              {"transform": [{"filter": "datum.kind == 'vertex'"}],
               "mark": {"type": "point", "shape": "diamond", "filled": true, "size": 150, "opacity": 1,
                        "stroke": "var(--card)", "strokeWidth": 1.5},
               "encoding": {"tooltip": [
                {"field": "compute", "title": "FLOP", "format": ".2e"}, {"field": "n", "title": "N*", "format": ".4~s"},
                {"field": "loss", "format": ".4f"}]}}]}
            """;

    private IsoFlopChart() {}

    static Figure draw(LawStudy law) {
        List<IsoFlop.Point> all = law.points().stream()
                .filter(p -> p.n() > 0 && p.compute() > 0)
                .map(p -> new IsoFlop.Point(p.compute(), p.n(), p.loss()))
                .toList();
        if (all.isEmpty() || !law.ofLoss()) {
            return null;
        }
        List<IsoFlop.Point> points = IsoFlop.grouped(all, IsoFlopFit.SAME);
        List<IsoFlop.Minimum> minima = IsoFlop.parabolas(points, 0);
        if (minima.size() < 2) {
            return new Figure.Gap(
                    TITLE,
                    "Fewer than two compute budgets have a parabola through " + FEWEST
                            + " or more sizes. Train " + FEWEST
                            + " sizes on equal compute (tokens D = C / 6N), at two or more budgets,"
                            + " to see which size each budget wants.");
        }
        ObjectNode spec = Specs.literal(SPEC);
        spec.set("data", Specs.object().set("values", rows(points, minima)));
        ObjectNode colour = (ObjectNode) spec.get("encoding").get("color");
        TreeSet<Double> budgets = new TreeSet<>();
        minima.forEach(m -> budgets.add(Specs.rounded(m.compute()).doubleValue()));
        colour.put("type", "ordinal");
        colour.set("scale", Specs.object().set("domain", Specs.numbers(budgets)));
        colour.set("legend", Specs.literal(
                "{\"labelExpr\": \"replace(format(datum.value, '.1e'), '+', '')\", \"columns\": 9}"));
        return new Figure.Chart("isoflop", TITLE, reading(minima), spec, List.of(),
                new Figure.Layout(List.of(""), 1, 76, 0, null));
    }

    private static String reading(List<IsoFlop.Minimum> minima) {
        List<IsoFlop.Minimum> inside = minima.stream().filter(IsoFlop.Minimum::inside).toList();
        String growth = "";
        if (inside.size() >= 2) {
            Growth line = Growth.of(inside);
            growth = String.format(
                    Locale.ROOT,
                    " Over the budgets they grow as N* = %.3g C^%.3f%s (approach 2 of Hoffmann et al.).",
                    line.coefficient(),
                    line.exponent(),
                    Double.isNaN(line.error()) ? "" : String.format(Locale.ROOT, " ± %.3f", line.error()));
        }
        return "One colour a compute budget; budgets within 15 % of a common one are taken as one. Lines are parabolas in ln N through its points,"
                + " diamonds their vertices: the size that the budget wants." + growth
                + " A vertex at the end of its line is extrapolated; parabolas over a wide range of sizes are biased.";
    }

    private static ArrayNode rows(List<IsoFlop.Point> points, List<IsoFlop.Minimum> minima) {
        ArrayNode rows = Specs.array();
        for (IsoFlop.Minimum m : minima) {
            List<IsoFlop.Point> own = points.stream().filter(p -> p.compute() == m.compute()).toList();
            own.forEach(p -> row(rows, "point", m.compute(), p.size(), p.loss()));
            double low = own.stream().mapToDouble(IsoFlop.Point::size).min().orElseThrow();
            double high = own.stream().mapToDouble(IsoFlop.Point::size).max().orElseThrow();
            for (int i = 0; i < SAMPLES; i++) {
                double n = low * Math.pow(high / low, i / (SAMPLES - 1.0));
                double u = Math.log(n / m.size());
                row(rows, "parabola", m.compute(), n, m.loss() + m.curvature() * u * u);
            }
            if (m.inside()) {
                row(rows, "vertex", m.compute(), m.size(), m.loss());
            }
        }
        return rows;
    }

    private static void row(ArrayNode rows, String kind, double compute, double n, double loss) {
        ObjectNode row = rows.addObject().put("kind", kind);
        Specs.number(row, "compute", compute);
        Specs.number(row, "n", n);
        Specs.number(row, "loss", loss);
    }
}
