package org.windtunnel.analysis.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.windtunnel.analysis.fit.ParameterEstimate;
import org.windtunnel.analysis.study.LawStudy;

/** Where the parameters go when the runs are drawn again: a histogram of each, and the pair that trades off most. */
final class BootstrapChart {
    private static final String TITLE = "Bootstrap";
    private static final int BINS = 28;
    private static final int COLUMNS = 3;
    /** Share of the resamples that the axis leaves out at each end. */
    private static final double TAIL = 0.004;

    private static final int SCATTERED = 600;

    private static final String HISTOGRAM = """
            {"height": 150,
             "encoding": {
              "x": {"field": "from", "type": "quantitative", "scale": {"nice": false, "zero": false},
                    "axis": {"format": "~g", "labelOverlap": "greedy", "tickCount": 5, "grid": false}},
              "y": {"field": "share", "type": "quantitative", "title": "resamples, %",
                    "scale": {"domainMin": 0}, "axis": {"tickCount": 4}}},
             "layer": [
              {"transform": [{"filter": "datum.kind == 'bin'"}],
               "mark": {"type": "rect", "color": "var(--accent)", "opacity": 0.55, "stroke": "var(--card)", "strokeWidth": 1},
               "encoding": {"x2": {"field": "to"}, "y2": {"datum": 0}, "tooltip": [
                {"field": "parameter"}, {"field": "from", "format": ".4~g"}, {"field": "to", "format": ".4~g"},
                {"field": "share", "title": "resamples, %", "format": ".2f"}]}},
              {"transform": [{"filter": "datum.kind == 'limit'"}],
               "mark": {"type": "rule", "color": "var(--soft)", "strokeDash": [6, 4], "strokeWidth": 1.4}, "encoding": {"y": null}},
              {"transform": [{"filter": "datum.kind == 'fit'"}],
               "mark": {"type": "rule", "color": "var(--bad)", "strokeWidth": 1.8}, "encoding": {"y": null}}]}
            """;

    private static final String SCATTER = """
            {"height": 150,
             "encoding": {
              "x": {"field": "x", "type": "quantitative", "scale": {"nice": false, "zero": false},
                    "axis": {"format": "~g", "labelOverlap": "greedy", "tickCount": 5}},
              "y": {"field": "y", "type": "quantitative", "scale": {"nice": false, "zero": false},
                    "axis": {"format": "~g", "labelOverlap": "greedy", "tickCount": 4}}},
             "layer": [
              {"transform": [{"filter": "datum.kind == 'resample'"}],
               "mark": {"type": "point", "filled": true, "size": 12, "opacity": 0.35, "color": "var(--accent)", "clip": true}},
              {"transform": [{"filter": "datum.kind == 'fit'"}],
               "mark": {"type": "point", "shape": "diamond", "filled": true, "size": 110, "opacity": 1, "color": "var(--bad)"}}]}
            """;

    private BootstrapChart() {}

    static Figure draw(LawStudy law) {
        if (law.resamples() == null || law.resamples().length < 50) {
            return new Figure.Gap(TITLE, "The fit was made without resamples, so it has no intervals.");
        }
        ObjectNode spec = Specs.object();
        ArrayNode panels = spec.putArray("concat");
        List<String> paths = new ArrayList<>();
        for (int k = 0; k < law.parameters().size(); k++) {
            paths.add("concat." + panels.size());
            panels.add(histogram(law.parameters().get(k), column(law, k)));
        }
        int[] pair = pair(law);
        if (pair != null) {
            paths.add("concat." + panels.size());
            panels.add(scatter(law, pair[0], pair[1]));
        }
        int columns = Math.min(COLUMNS, paths.size());
        spec.put("columns", columns);
        spec.put("spacing", 24);
        String reading = String.format(
                Locale.ROOT,
                "The law fitted again to %d resamples of the runs. Red: the fit to all of them; dashed: the %s interval. %s",
                law.bootstrap(),
                Format.percent(law.level()),
                pair == null
                        ? ""
                        : "The last panel shows the two parameters that trade off most: along such a line the data hardly tell"
                                + " one from the other.");
        return new Figure.Chart("bootstrap", TITLE, reading.strip(), spec, List.of(),
                new Figure.Layout(paths, columns, 10, 76, "columns"));
    }

    private static double[] column(LawStudy law, int k) {
        return Arrays.stream(law.resamples()).mapToDouble(r -> r[k]).toArray();
    }

    private static double[] range(ParameterEstimate p, double[] values) {
        double[] sorted = Arrays.stream(values).filter(Double::isFinite).sorted().toArray();
        int cut = (int) (TAIL * sorted.length);
        double low = Math.min(p.value(), sorted[cut]);
        double high = Math.max(p.value(), sorted[sorted.length - 1 - cut]);
        if (!(high > low)) {
            double margin = low == 0 ? 1 : 0.01 * Math.abs(low);
            return new double[] {low - margin, high + margin};
        }
        return new double[] {low, high};
    }

    private static ObjectNode histogram(ParameterEstimate p, double[] values) {
        double[] range = range(p, values);
        boolean log = range[0] > 0 && range[1] / range[0] > 3;
        double from = log ? Math.log(range[0]) : range[0];
        double width = ((log ? Math.log(range[1]) : range[1]) - from) / BINS;
        int[] counts = new int[BINS];
        for (double value : values) {
            int bin = (int) Math.floor(((log ? Math.log(value) : value) - from) / width);
            if (value >= range[0] && value <= range[1]) {
                counts[Math.min(BINS - 1, Math.max(0, bin))]++;
            }
        }
        ArrayNode rows = Specs.array();
        for (int b = 0; b < BINS; b++) {
            ObjectNode row = rows.addObject().put("kind", "bin").put("parameter", p.name());
            double low = from + b * width;
            Specs.number(row, "from", log ? Math.exp(low) : low);
            Specs.number(row, "to", log ? Math.exp(low + width) : low + width);
            Specs.number(row, "share", 100.0 * counts[b] / values.length);
        }
        line(rows, "fit", p, p.value());
        line(rows, "limit", p, p.lo());
        line(rows, "limit", p, p.hi());
        ObjectNode panel = Specs.literal(HISTOGRAM);
        panel.set("data", Specs.object().set("values", rows));
        ObjectNode x = (ObjectNode) panel.get("encoding").get("x");
        x.put("title", p.name());
        ProfileChart.scale(x, range[0], range[1]);
        return panel;
    }

    private static void line(ArrayNode rows, String kind, ParameterEstimate p, double at) {
        ObjectNode row = rows.addObject().put("kind", kind).put("parameter", p.name());
        Specs.number(row, "from", at);
    }

    /** The two parameters whose ranks correlate most, or null if none do. */
    private static int[] pair(LawStudy law) {
        int p = law.parameters().size();
        double[][] ranks = new double[p][];
        for (int k = 0; k < p; k++) {
            ranks[k] = ranks(column(law, k));
        }
        int[] best = null;
        double most = 0.5;
        for (int i = 0; i < p; i++) {
            for (int j = 0; j < i; j++) {
                double r = Math.abs(correlation(ranks[i], ranks[j]));
                if (r > most) {
                    most = r;
                    best = new int[] {j, i};
                }
            }
        }
        return best;
    }

    private static double[] ranks(double[] values) {
        Integer[] order = new Integer[values.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Double.compare(values[a], values[b]));
        double[] ranks = new double[values.length];
        for (int i = 0; i < order.length; i++) {
            ranks[order[i]] = i - (order.length - 1) / 2.0;
        }
        return ranks;
    }

    private static double correlation(double[] a, double[] b) {
        double ab = 0;
        double aa = 0;
        for (int i = 0; i < a.length; i++) {
            ab += a[i] * b[i];
            aa += a[i] * a[i];
        }
        return ab / aa;
    }

    private static ObjectNode scatter(LawStudy law, int i, int j) {
        ParameterEstimate px = law.parameters().get(i);
        ParameterEstimate py = law.parameters().get(j);
        ArrayNode rows = Specs.array();
        int stride = Math.max(1, law.resamples().length / SCATTERED);
        for (int r = 0; r < law.resamples().length; r += stride) {
            ObjectNode row = rows.addObject().put("kind", "resample");
            Specs.number(row, "x", law.resamples()[r][i]);
            Specs.number(row, "y", law.resamples()[r][j]);
        }
        ObjectNode fit = rows.addObject().put("kind", "fit");
        Specs.number(fit, "x", px.value());
        Specs.number(fit, "y", py.value());
        ObjectNode panel = Specs.literal(SCATTER);
        panel.set("data", Specs.object().set("values", rows));
        axis((ObjectNode) panel.get("encoding").get("x"), px, column(law, i));
        axis((ObjectNode) panel.get("encoding").get("y"), py, column(law, j));
        return panel;
    }

    private static void axis(ObjectNode axis, ParameterEstimate p, double[] values) {
        axis.put("title", p.name());
        double[] range = range(p, values);
        ProfileChart.scale(axis, range[0], range[1]);
    }
}
