package org.windtunnel.analysis.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import org.windtunnel.analysis.curve.RunStatus;
import org.windtunnel.analysis.study.CurveSeries;
import org.windtunnel.analysis.study.StudyResult;

/** Training and evaluation loss over tokens or compute, coloured by size, one panel a group. */
final class CurveChart {
    static final String TITLE = "Loss curves";

    /** Points kept of each curve. */
    static final int MAX_POINTS = 250;

    private static final String READING =
            "One line a run: evaluation loss, or training loss. Click a value in the legend to see that size alone (shift-click "
                    + "adds one, double-click shows all); hover over a line for its run. Dashed lines did not finish. On log axes a "
                    + "power law is a straight line until it bends toward the irreducible loss.";

    private static final String SPEC = """
            {"facet": {"field": "group", "type": "nominal", "title": null},
             "spacing": 18,
             "transform": [
              {"filter": "datum.kind == 'eval'"},
              {"flatten": ["tokens", "loss"]},
              {"calculate": "datum.tokens * datum.flopsPerToken", "as": "flops"}],
             "spec": {
              "height": 400,
              "encoding": {
               "x": {"field": "tokens", "type": "quantitative", "title": "$UNITs",
                     "axis": {"format": "~s", "labelOverlap": "greedy", "tickCount": 6}, "scale": {"type": "log", "nice": false}},
               "y": {"field": "loss", "type": "quantitative", "title": "loss (nats per $UNIT)",
                     "axis": {"format": "~g", "tickCount": 8}, "scale": {"type": "log", "nice": false}},
               "detail": {"field": "run"},
               "tooltip": [
                {"field": "run"}, {"field": "group"}, {"field": "status"}, {"field": "width", "title": "$AXIS"},
                {"field": "lr", "title": "learning rate"}, {"field": "last", "title": "last loss", "format": ".4f"}],
               "color": {"field": "size", "type": "ordinal", "legend": {"labelExpr": "format(datum.value, '~s')"}}},
              "layer": [
               {"params": [{"name": "over", "select": {"type": "point", "fields": ["run"], "on": "pointerover", "clear": "pointerout"}}],
                "mark": {"type": "line", "strokeWidth": 9, "opacity": 0.001, "clip": true}},
               {"params": [{"name": "pick", "select": {"type": "point", "fields": ["size"]}, "bind": "legend"}],
                "mark": {"type": "line", "clip": true},
                "encoding": {
                 "strokeDash": {"condition": {"test": "datum.status != 'done'", "value": [4, 3]}, "value": [1, 0]},
                 "strokeWidth": {"condition": {"param": "over", "empty": false, "value": 3.5}, "value": 1.4},
                 "opacity": {"condition": {"param": "pick", "value": 0.8}, "value": 0.05}}}]}}
            """;

    private static final String X = "spec.encoding.x.";
    private static final String Y = "spec.encoding.y.";

    private final StudyResult result;
    private final SizeKey sizes;
    private final ArrayNode rows = Specs.array();
    private final Range train = new Range();
    private final Range eval = new Range();

    private CurveChart(StudyResult result) {
        this.result = result;
        sizes = SizeKey.of(result);
    }

    static Figure draw(StudyResult result) {
        boolean any = result.curves().stream().anyMatch(c -> c.trainLoss().length + c.evalLoss().length > 0);
        if (!any) {
            return new Figure.Gap(TITLE, "No run has a line in its curve yet.");
        }
        return new CurveChart(result).chart();
    }

    private Figure chart() {
        Set<String> groups = new LinkedHashSet<>();
        for (CurveSeries series : result.curves()) {
            groups.add(series.group());
            add(series, "train", series.tokens(), series.trainLoss(), train);
            add(series, "eval", series.evalTokens(), series.evalLoss(), eval);
        }
        ObjectNode spec = Specs.literal(SPEC.replace("$AXIS", result.options().axis()).replace("$UNIT", result.unit()));
        spec.set("data", Specs.object().set("values", rows));
        ((ObjectNode) spec.get("facet")).set("sort", Specs.texts(groups));
        int columns = Math.min(3, groups.size());
        spec.put("columns", columns);
        ObjectNode encoding = (ObjectNode) spec.get("spec").get("encoding");
        ObjectNode colour = (ObjectNode) encoding.get("color");
        colour.put("title", sizes.title());
        colour.set("scale", Specs.object().set("domain", Specs.numbers(sizes.values())));
        return new Figure.Chart("curves", TITLE, READING, spec, List.of(losses(), over(result.unit() + "s"), axes()),
                new Figure.Layout(List.of("spec"), columns, 62, 22, "columns"));
    }

    /** Only what there is, evaluations first if they make curves; the page's script applies the first option. */
    private Figure.Control losses() {
        List<Figure.Option> options = new ArrayList<>();
        if (eval.any()) {
            options.add(shown("evaluation", "datum.kind == 'eval'", Specs.literal("{\"size\": 24}"), eval));
        }
        if (train.any()) {
            boolean single = result.curves().stream().allMatch(c -> c.evalLoss().length < 3);
            options.add(
                    single ? 0 : options.size(), shown("training", "datum.kind == 'train'", BooleanNode.FALSE, train));
        }
        return new Figure.Control("Loss", options);
    }

    private static Figure.Option shown(String label, String test, JsonNode points, Range range) {
        return new Figure.Option(label, List.of(
                text("transform.0.filter", test),
                new Figure.Setting("spec.layer.1.mark.point", points),
                new Figure.Setting(Y + "scale.domain", Specs.numbers(range.domain()))));
    }

    private static Figure.Control over(String units) {
        return new Figure.Control(
                "against",
                List.of(
                        new Figure.Option(units, List.of(text(X + "field", "tokens"), text(X + "title", units))),
                        new Figure.Option(
                                "compute", List.of(text(X + "field", "flops"), text(X + "title", "compute (FLOP)")))));
    }

    private static Figure.Control axes() {
        return new Figure.Control("axes", List.of(
                new Figure.Option("log", List.of(text(X + "scale.type", "log"), text(Y + "scale.type", "log"))),
                new Figure.Option("linear", List.of(
                        text(X + "scale.type", "linear"),
                        text(Y + "scale.type", "linear"),
                        new Figure.Setting(Y + "scale.zero", BooleanNode.FALSE)))));
    }

    private static Figure.Setting text(String path, String value) {
        return new Figure.Setting(path, TextNode.valueOf(value));
    }

    private void add(CurveSeries series, String kind, double[] tokens, double[] loss, Range range) {
        int[] usable = IntStream.range(0, loss.length)
                .filter(i -> tokens[i] > 0 && loss[i] > 0 && Double.isFinite(loss[i]))
                .toArray();
        if (usable.length == 0) {
            return;
        }
        double[] x = Arrays.stream(usable).mapToDouble(i -> tokens[i]).toArray();
        double[] y = Arrays.stream(usable).mapToDouble(i -> loss[i]).toArray();
        ObjectNode row = rows.addObject();
        row.put("kind", kind).put("run", series.runId()).put("group", series.group());
        row.put("status", series.status().name().toLowerCase(Locale.ROOT));
        Specs.number(row, "width", series.width());
        Specs.number(row, "lr", series.lr());
        Specs.number(row, "size", sizes.byRun().get(series.runId()));
        Specs.number(row, "flopsPerToken", flopsPerToken(series));
        Specs.number(row, "last", y[y.length - 1]);
        ArrayNode xs = row.putArray("tokens");
        ArrayNode ys = row.putArray("loss");
        for (int i : Thinning.keep(x, y, MAX_POINTS)) {
            xs.add(Specs.rounded(x[i]));
            ys.add(Specs.rounded(y[i]));
        }
        range.include(y, series.status() == RunStatus.DIVERGED);
    }

    /** Losses that the axis must show; what a run did while it blew up counts only if nothing else is there. */
    private static final class Range {
        private final DoubleSummaryStatistics sound = new DoubleSummaryStatistics();
        private final DoubleSummaryStatistics blown = new DoubleSummaryStatistics();

        void include(double[] losses, boolean diverged) {
            Arrays.stream(losses).forEach(diverged ? blown : sound);
        }

        boolean any() {
            return sound.getCount() + blown.getCount() > 0;
        }

        List<Double> domain() {
            DoubleSummaryStatistics used = sound.getCount() > 0 ? sound : blown;
            return List.of(used.getMin() * 0.98, used.getMax() * 1.02);
        }
    }

    private static Double flopsPerToken(CurveSeries series) {
        int last = series.flops().length - 1;
        return last < 0 ? null : Double.valueOf(series.flops()[last] / series.tokens()[last]);
    }
}
