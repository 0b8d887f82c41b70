package org.windtunnel.analysis.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.windtunnel.analysis.fit.ParameterEstimate;
import org.windtunnel.analysis.fit.TableFit;
import org.windtunnel.analysis.study.LawStudy;

/** How fast the fit gets worse when one parameter is moved and all others follow. */
final class ProfileChart {
    private static final String TITLE = "What the data say of each parameter";

    /** 95 % point of chi squared with one degree of freedom. */
    private static final double LIMIT = 3.84;

    private static final double SHOWN = 12;
    private static final int COLUMNS = 3;

    private static final String PANEL =
            """
            {"height": 170,
             "encoding": {
              "x": {"field": "value", "type": "quantitative", "scale": {"nice": false, "zero": false},
                    "axis": {"format": "~g", "labelOverlap": "greedy", "tickCount": 5}},
              "y": {"field": "rise", "type": "quantitative", "title": "2 n ln (F / F min)",
                    "scale": {"domain": [0, $SHOWN]}, "axis": {"tickCount": 4}}},
             "layer": [
              {"transform": [{"filter": "datum.kind == 'profile'"}],
               "mark": {"type": "area", "color": "var(--accent)", "opacity": 0.1, "clip": true}},
              {"transform": [{"filter": "datum.kind == 'limit'"}],
               "mark": {"type": "line", "color": "var(--soft)", "strokeDash": [6, 4], "strokeWidth": 1.2}},
              {"transform": [{"filter": "datum.kind == 'profile'"}],
               "mark": {"type": "line", "color": "var(--accent)", "strokeWidth": 2, "clip": true}},
              {"transform": [{"filter": "datum.kind == 'profile' && datum.rise <= $SHOWN"}],
               "mark": {"type": "point", "filled": true, "color": "var(--accent)", "size": 26, "opacity": 1},
               "encoding": {"tooltip": [
                {"field": "parameter"}, {"field": "value", "format": ".5~g"}, {"field": "objective", "format": ".6~g"},
                {"field": "rise", "format": ".3~f"}]}},
              {"transform": [{"filter": "datum.kind == 'fit'"}],
               "mark": {"type": "rule", "color": "var(--bad)", "strokeWidth": 1.6},
               "encoding": {"y": null}}]}
            """;

    private ProfileChart() {}

    static Figure draw(LawStudy law) {
        List<TableFit.Profile> profiles = law.profiles() == null ? List.of() : law.profiles();
        ObjectNode spec = Specs.object();
        ArrayNode panels = spec.putArray("concat");
        List<String> paths = new ArrayList<>();
        for (TableFit.Profile profile : profiles) {
            ParameterEstimate at = law.parameters().stream()
                    .filter(p -> p.name().equals(profile.parameter()))
                    .findFirst()
                    .orElseThrow();
            if (profile.values().length > 2 && law.objective() > 0) {
                paths.add("concat." + panels.size());
                panels.add(panel(profile, at, law));
            }
        }
        if (paths.isEmpty()) {
            return new Figure.Gap(TITLE, "The law passes through its points exactly, so there is no profile to draw.");
        }
        int columns = Math.min(COLUMNS, paths.size());
        spec.put("columns", columns);
        spec.put("spacing", 24);
        String reading =
                "The rise of the objective F when one parameter is held at a value and all others are fitted again, n"
                        + " points. Red: the fit. Where a curve stays under the dashed line (3.84) the data do not contradict the value at"
                        + " 95 %, roughly; a flat side means that they do not tell the parameter there.";
        return new Figure.Chart("profiles", TITLE, reading, spec, List.of(),
                new Figure.Layout(paths, columns, 10, 74, "columns"));
    }

    private static ObjectNode panel(TableFit.Profile profile, ParameterEstimate at, LawStudy law) {
        ArrayNode rows = Specs.array();
        double least = Math.min(law.objective(), Arrays.stream(profile.objective()).min().orElseThrow());
        for (int i = 0; i < profile.values().length; i++) {
            double rise = 2 * law.points().size() * Math.log(profile.objective()[i] / least);
            ObjectNode row = row(rows, "profile", profile, profile.values()[i], rise);
            Specs.number(row, "objective", profile.objective()[i]);
        }
        double first = profile.values()[0];
        double last = profile.values()[profile.values().length - 1];
        row(rows, "limit", profile, first, LIMIT);
        row(rows, "limit", profile, last, LIMIT);
        row(rows, "fit", profile, at.value(), 0);
        ObjectNode panel = Specs.literal(PANEL.replace("$SHOWN", String.valueOf(SHOWN)));
        panel.set("data", Specs.object().set("values", rows));
        ObjectNode x = (ObjectNode) panel.get("encoding").get("x");
        x.put("title", profile.parameter());
        scale(x, first, last);
        return panel;
    }

    /** Logarithmic where a parameter ranges over more than a factor of three. */
    static void scale(ObjectNode x, double low, double high) {
        ObjectNode scale = (ObjectNode) x.get("scale");
        scale.set("domain", Specs.numbers(List.of(low, high)));
        if (low > 0 && high / low > 3) {
            scale.put("type", "log").remove("zero");
        }
        if (Math.max(Math.abs(low), Math.abs(high)) >= 1e4) {
            ((ObjectNode) x.get("axis")).put("format", "~s");
        }
    }

    private static ObjectNode row(ArrayNode rows, String kind, TableFit.Profile profile, double value, double rise) {
        ObjectNode row = rows.addObject().put("kind", kind).put("parameter", profile.parameter());
        Specs.number(row, "value", value);
        Specs.number(row, "rise", rise);
        return row;
    }
}
