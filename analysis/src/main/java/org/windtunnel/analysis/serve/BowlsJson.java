package org.windtunnel.analysis.serve;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.windtunnel.analysis.live.LiveBowls;
import org.windtunnel.analysis.live.LiveBowls.Facet;
import org.windtunnel.analysis.live.LiveBowls.Point;
import org.windtunnel.analysis.live.LiveBowls.Series;
import org.windtunnel.analysis.transfer.LrOptimum;

/** Bowls as the page draws them. */
final class BowlsJson {
    private BowlsJson() {}

    static ObjectNode of(LiveBowls bowls) {
        ObjectNode node = Json.object().put("x", bowls.x()).put("size", bowls.size());
        bowls.axes().forEach(node.putArray("axes")::add);
        ArrayNode facets = node.putArray("facets");
        for (Facet facet : bowls.facets()) {
            ObjectNode into = facets.addObject().put("label", facet.label());
            if (facet.drift() != null) {
                into.put("verdict", facet.drift().sentence());
            }
            ArrayNode all = into.putArray("series");
            facet.series().forEach(series -> series(all.addObject(), series));
        }
        return node;
    }

    private static void series(ObjectNode node, Series series) {
        node.put("size", series.size());
        ArrayNode points = node.putArray("points");
        for (Point point : series.points()) {
            ObjectNode into = points.addObject().put("run", point.runId()).put("state", point.state().text());
            Json.put(into, "x", point.x());
            Json.put(into, "loss", point.loss());
        }
        LrOptimum optimum = series.optimum();
        if (optimum != null) {
            ObjectNode into = node.putObject("optimum").put("lr", optimum.lr()).put("loss", optimum.loss());
            into.put("lo", optimum.lo()).put("hi", optimum.hi());
        }
    }
}
