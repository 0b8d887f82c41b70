package org.windtunnel.analysis.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.DoubleStream;
import org.windtunnel.analysis.fit.HoldOut;
import org.windtunnel.analysis.fit.ParameterEstimate;
import org.windtunnel.analysis.plan.Slice;
import org.windtunnel.analysis.study.EntropyCheck;
import org.windtunnel.analysis.study.LawStudy;
import org.windtunnel.analysis.study.StudyResult;

/** The fitted law with its points and its extrapolation, one panel for each variable it was cut along. */
final class LawChart {
    static final String TITLE = "The scaling law";

    /** Sizes or budgets closer than this in ln are one setting, as they are for the slices. */
    private static final double SAME = 0.02;

    private static final String PANEL = """
            {"height": 360,
             "encoding": {
              "x": {"field": "x", "type": "quantitative", "scale": {"type": "log", "nice": false},
                    "axis": {"format": "~s", "labelOverlap": "greedy", "tickCount": 6}},
              "y": {"field": "loss", "type": "quantitative",
                    "scale": {"type": "log", "nice": false}, "axis": {"format": "~g", "tickCount": 8}},
              "color": {"field": "held", "legend": {"labelExpr": "format(datum.value, '.3~s')", "format": ".3~s"}}},
             "layer": [
              {"transform": [{"filter": "datum.kind == 'irreducible'"}],
               "mark": {"type": "area", "color": "var(--soft)", "opacity": 0.13, "clip": true},
               "encoding": {"y": {"field": "lo", "type": "quantitative"}, "y2": {"field": "hi"}, "color": null}},
              {"transform": [{"filter": "datum.kind == 'irreducible'"}],
               "mark": {"type": "line", "color": "var(--soft)", "strokeDash": [7, 4], "strokeWidth": 1.5, "clip": true},
               "encoding": {"color": null, "tooltip": [{"field": "text", "title": "E"}]}},
              {"transform": [{"filter": "datum.kind == 'entropy'"}],
               "mark": {"type": "line", "color": "var(--bad)", "strokeDash": [2, 3], "strokeWidth": 2, "clip": true},
               "encoding": {"color": null, "tooltip": [{"field": "text", "title": "known entropy"}]}},
              {"transform": [{"filter": "datum.kind == 'law'"}],
               "mark": {"type": "area", "opacity": 0.14, "clip": true},
               "encoding": {"y": {"field": "lo", "type": "quantitative"}, "y2": {"field": "hi"}, "detail": {"field": "label"}}},
              {"transform": [{"filter": "datum.kind == 'law' && datum.measured"}],
               "mark": {"type": "line", "strokeWidth": 2, "clip": true}, "encoding": {"detail": {"field": "label"}}},
              {"transform": [{"filter": "datum.kind == 'law' && datum.beyond"}],
               "mark": {"type": "line", "strokeWidth": 2, "strokeDash": [5, 4], "clip": true},
               "encoding": {"detail": {"field": "label"}}},
              {"transform": [{"filter": "datum.kind == 'point' && !datum.heldOut"}],
               "mark": {"type": "point", "filled": true, "size": 55, "opacity": 1},
               "encoding": {"tooltip": [
                {"field": "runs", "title": "run"}, {"field": "n", "title": "N", "format": ".4~s"}, {"field": "d", "title": "D", "format": ".4~s"},
                {"field": "loss", "title": "measured", "format": ".4f"}, {"field": "predicted", "format": ".4f"},
                {"field": "role"}]}},
              {"transform": [{"filter": "datum.kind == 'point' && datum.heldOut"}],
               "mark": {"type": "point", "shape": "diamond", "size": 85, "opacity": 1, "strokeWidth": 2},
               "encoding": {"tooltip": [
                {"field": "runs", "title": "run"}, {"field": "n", "title": "N", "format": ".4~s"}, {"field": "d", "title": "D", "format": ".4~s"},
                {"field": "loss", "title": "measured", "format": ".4f"}, {"field": "predicted", "format": ".4f"},
                {"field": "role"}]}},
              {"transform": [{"filter": "datum.kind == 'irreducible' && datum.end == 'right'"}],
               "mark": {"type": "text", "align": "right", "baseline": {"expr": "datum.above ? 'bottom' : 'top'"},
                        "dy": {"expr": "datum.above ? -4 : 5"}, "dx": -6, "fontSize": 11.5, "color": "var(--soft)"},
               "encoding": {"text": {"field": "text"}, "color": null}},
              {"transform": [{"filter": "datum.kind == 'entropy' && datum.end == 'left'"}],
               "mark": {"type": "text", "align": "left", "baseline": {"expr": "datum.above ? 'bottom' : 'top'"},
                        "dy": {"expr": "datum.above ? -4 : 5"}, "dx": 6, "fontSize": 11.5, "color": "var(--bad)"},
               "encoding": {"text": {"field": "text"}, "color": null}}]}
            """;

    private final StudyResult result;
    private final LawStudy law;

    private final Axes axes;

    private LawChart(StudyResult result) {
        this.result = result;
        law = result.law();
        axes = new Axes(result);
    }

    /**
     * What the loss axis shows: a little more than the points, the lines and the levels they run toward.
     *
     * @param irreducible E where the law has a positive one, else null
     */
    record Axes(double lowest, double highest, ParameterEstimate irreducible) {
        Axes(StudyResult result) {
            this(floor(result), highest(result.law()), irreducible(result.law()));
        }

        private static double highest(LawStudy law) {
            DoubleStream points = law.points().stream().mapToDouble(LawStudy.Point::loss);
            // A loss is greatest before any of the points; other outputs may grow.
            DoubleStream lines = law.slices().stream().flatMapToDouble(s -> DoubleStream.of(s.loss()));
            return 1.03 * (law.ofLoss() ? points : DoubleStream.concat(points, lines)).max().getAsDouble();
        }

        private static double floor(StudyResult result) {
            LawStudy law = result.law();
            double floor = DoubleStream.concat(
                            law.points().stream().mapToDouble(LawStudy.Point::loss),
                            law.slices().stream().flatMapToDouble(s -> DoubleStream.of(s.loss())))
                    .min()
                    .getAsDouble();
            ParameterEstimate e = irreducible(law);
            if (e != null && e.value() > 0.3 * floor) {
                floor = Math.min(floor, Math.max(e.lo(), 0.85 * e.value()));
            }
            if (result.entropy() != null) {
                floor = Math.min(floor, result.entropy().entropy());
            }
            return 0.97 * floor;
        }

        private static ParameterEstimate irreducible(LawStudy law) {
            return law.parameters().stream()
                    .filter(p -> p.name().equals("E") && p.value() > 0)
                    .findFirst()
                    .orElse(null);
        }
    }

    static Figure draw(StudyResult result) {
        if (result.law() == null) {
            return new Figure.Gap(TITLE, missing(result));
        }
        if (result.law().slices().isEmpty()) {
            return new Figure.Gap(
                    TITLE,
                    "The law has more inputs than a line can be drawn along; below it stands against every point.");
        }
        return new LawChart(result).chart();
    }

    /** Why there is no law, from the warnings where they say. */
    static String missing(StudyResult result) {
        return result.warnings().stream()
                .filter(w -> w.topic().equals("law"))
                .map(w -> VerdictSection.capital(w.message())
                        + (w.remedy() == null ? "" : " " + VerdictSection.capital(w.remedy())))
                .findFirst()
                .orElse("No law was fitted: it needs finished runs of at least three sizes or token budgets.");
    }

    private Figure chart() {
        List<String> variables = law.slices().stream().map(Slice::variable).distinct().toList();
        ObjectNode spec = Specs.object();
        ArrayNode panels = spec.putArray("concat");
        List<String> paths = new ArrayList<>();
        for (String variable : variables) {
            paths.add("concat." + panels.size());
            panels.add(panel(variable));
        }
        spec.put("columns", paths.size());
        spec.put("spacing", 26);
        spec.set("resolve", Specs.literal(
                "{\"scale\": {\"color\": \"independent\"}, \"legend\": {\"color\": \"independent\"}}"));
        return new Figure.Chart("law", TITLE, reading(), spec, List.of(),
                new Figure.Layout(paths, paths.size(), 10, 74, "columns"));
    }

    private String reading() {
        StringBuilder text = new StringBuilder("Lines are ").append(law.formula())
                .append(" along one variable; dashed, they leave the data. Shaded bands are ")
                .append(Format.percent(law.level()))
                .append(" bootstrap intervals (").append(law.bootstrap()).append(" resamples). ");
        if (law.holdOut() != null) {
            text.append("Filled circles were fitted; hollow diamonds were held out to test the prediction. ");
        }
        if (axes.irreducible() != null) {
            text.append("The grey dashed line is the irreducible loss E with its interval. ");
        }
        if (result.entropy() != null) {
            text.append("The red dotted line is the known entropy of the source. ");
        }
        if (law.slices().stream()
                .anyMatch(s -> s.fixed() != null && held(law, s.variable()).size() < distinct(s.variable()))) {
            text.append("Points have the colour of the line that is nearest in the other variable. ");
        }
        return text.append("A band that widens at once says that the data cannot carry the extrapolation.").toString();
    }

    private long distinct(String variable) {
        return law.points().stream().map(p -> other(law, p, variable)).distinct().count();
    }

    private ObjectNode panel(String variable) {
        List<Slice> slices =
                law.slices().stream().filter(s -> s.variable().equals(variable)).toList();
        ArrayNode rows = Specs.array();
        slices.forEach(slice -> slice(rows, slice));
        TreeSet<Double> held = held(law, variable);
        law.points().forEach(point -> point(rows, point, variable, heldBy(law, point, variable, held)));
        double from = slices.stream().mapToDouble(s -> s.x()[0]).min().getAsDouble();
        double to = slices.stream().mapToDouble(s -> s.x()[s.x().length - 1]).max().getAsDouble();
        lines(rows, from / 1.2, to);
        ObjectNode panel = Specs.literal(PANEL);
        panel.set("data", Specs.object().set("values", rows));
        ObjectNode encoding = (ObjectNode) panel.get("encoding");
        ObjectNode x = (ObjectNode) encoding.get("x");
        x.put("title", title(variable, result.unit()));
        if (variable.equals("C")) {
            ((ObjectNode) x.get("axis")).put("format", ".0e");
        }
        ((ObjectNode) encoding.get("y")).put("title", output(law, result.unit()));
        ((ObjectNode) x.get("scale")).set("domain", Specs.numbers(List.of(from / 1.2, to)));
        ((ObjectNode) encoding.get("y").get("scale"))
                .set("domain", Specs.numbers(List.of(axes.lowest(), axes.highest())));
        colour(encoding, variable, held);
        return panel;
    }

    /**
     * What the other variable is held at, by slices and points, near values taken as one; where these are too many for a
     * legend, by slices alone, whose colours the points nearest to them take. Empty for a law of one variable.
     */
    static TreeSet<Double> held(LawStudy law, String variable) {
        TreeSet<Double> held = new TreeSet<>();
        law.slices().stream()
                .filter(s -> s.variable().equals(variable) && s.fixed() != null)
                .forEach(s -> held.add(s.fixed()));
        TreeSet<Double> all = new TreeSet<>(held);
        if (!held.isEmpty()) {
            for (LawStudy.Point point : law.points()) {
                double value = other(law, point, variable);
                if (all.stream().noneMatch(h -> Math.abs(Math.log(value / h)) < SAME)) {
                    all.add(value);
                }
            }
        }
        return all.size() <= ColourClasses.MOST ? all : held;
    }

    /** The one of the held values that a point is nearest to; null without any. */
    static Double heldBy(LawStudy law, LawStudy.Point point, String variable, TreeSet<Double> held) {
        return held.isEmpty() ? null : ColourClasses.nearest(held).of(other(law, point, variable));
    }

    /** The other one of a law's two inputs. */
    private static String otherInput(LawStudy law, String variable) {
        return law.inputs().get(1 - law.inputs().indexOf(variable));
    }

    private static double other(LawStudy law, LawStudy.Point point, String variable) {
        return along(law, point, otherInput(law, variable));
    }

    /** Of the axis of what the law predicts. */
    static String output(LawStudy law, String unit) {
        return law.ofLoss() ? "loss (nats per " + unit + ")" : law.output();
    }

    static String title(String variable, String unit) {
        return switch (variable) {
            case "D" -> "training " + unit + "s D";
            case "N" -> "parameters N";
            case "C" -> "compute C (FLOP)";
            default -> variable;
        };
    }

    private void colour(ObjectNode encoding, String variable, TreeSet<Double> held) {
        if (held.isEmpty()) {
            encoding.set("color", Specs.literal("{\"value\": \"var(--accent)\"}"));
            return;
        }
        ObjectNode colour = (ObjectNode) encoding.get("color");
        colour.put("title", otherInput(law, variable));
        colour.put("type", "ordinal");
        colour.set("scale", Specs.object().set("domain", Specs.numbers(held)));
    }

    private static void slice(ArrayNode rows, Slice slice) {
        for (int i = 0; i < slice.x().length; i++) {
            ObjectNode row = rows.addObject().put("kind", "law").put("label", slice.label());
            Specs.number(row, "x", slice.x()[i]);
            Specs.number(row, "loss", slice.loss()[i]);
            Specs.number(row, "lo", slice.lo()[i]);
            Specs.number(row, "hi", slice.hi()[i]);
            Specs.number(row, "held", slice.fixed());
            boolean measured = slice.x()[i] <= slice.measuredTo() * (1 + 1e-9);
            boolean lastMeasured = measured
                    && (i + 1 == slice.x().length || slice.x()[i + 1] > slice.measuredTo() * (1 + 1e-9));
            row.put("measured", measured);
            row.put("beyond", !measured || lastMeasured);
        }
    }

    /** A point's value of an input. */
    static double along(LawStudy law, LawStudy.Point point, String variable) {
        return point.inputs()[law.inputs().indexOf(variable)];
    }

    private void point(ArrayNode rows, LawStudy.Point point, String variable, Double held) {
        ObjectNode row = rows.addObject().put("kind", "point");
        Specs.number(row, "x", along(law, point, variable));
        Specs.number(row, "held", held);
        Specs.number(row, "n", point.n());
        Specs.number(row, "d", point.d());
        Specs.number(row, "loss", point.loss());
        HoldOut.Point blind = point.heldOut() ? blind(law, point) : null;
        Specs.number(row, "predicted", blind == null ? point.predicted() : blind.predicted());
        row.put("heldOut", point.heldOut());
        row.put("role", point.heldOut() ? "held out: predicted by the law fitted without it" : "fitted");
        row.put("runs", String.join(", ", point.runIds()));
    }

    /** What the law fitted without a held-out point said about it; null if the hold-out does not list it. */
    static HoldOut.Point blind(LawStudy law, LawStudy.Point point) {
        if (law.holdOut() == null) {
            return null;
        }
        return law.holdOut().points().stream()
                .filter(p -> same(p.n(), point.n()) && same(p.d(), point.d()) && p.loss() == point.loss())
                .findFirst()
                .orElse(null);
    }

    private static boolean same(double a, double b) {
        return Double.compare(a, b) == 0;
    }

    private void lines(ArrayNode rows, double from, double to) {
        ParameterEstimate e = axes.irreducible();
        EntropyCheck entropy = result.entropy();
        // Beside each other the labels stand on the outer sides of the two lines.
        boolean over = e != null && entropy != null && e.value() > entropy.entropy();
        if (e != null && e.value() > axes.lowest()) {
            String text = "E = " + Format.parameter(e.value());
            line(rows, "irreducible", new double[] {from, to}, new double[] {e.value(), e.lo(), e.hi()}, text, over);
        }
        if (entropy != null) {
            double known = entropy.entropy();
            String text = "entropy " + Format.parameter(known);
            line(
                    rows,
                    "entropy",
                    new double[] {from, to},
                    new double[] {known, known, known},
                    text,
                    !over && e != null);
        }
    }

    /** A horizontal line with its interval: {@code at} holds the value and the interval's ends. */
    private static void line(ArrayNode rows, String kind, double[] ends, double[] at, String text, boolean above) {
        for (double x : ends) {
            ObjectNode row = rows.addObject().put("kind", kind).put("text", text).put("above", above);
            row.put("end", x == ends[0] ? "left" : "right");
            Specs.number(row, "x", x);
            Specs.number(row, "loss", at[0]);
            Specs.number(row, "lo", at[1]);
            Specs.number(row, "hi", at[2]);
        }
    }
}
