package org.windtunnel.analysis.published;

import static org.windtunnel.analysis.published.Comparisons.number;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.windtunnel.analysis.isoflop.Growth;
import org.windtunnel.analysis.isoflop.IsoFlop;
import org.windtunnel.analysis.table.DataTable;

/** IsoFLOP minima of Porian et al. (arXiv 2406.19146) and of Llama 3 (arXiv 2407.21783, figure 2). */
final class IsoFlopFits implements PublishedFit {
    private static final int LOWEST = 7;

    @Override
    public String folder() {
        return "isoflop";
    }

    @Override
    public List<Comparison> check(Path folder, JsonNode expected) {
        Comparisons to = new Comparisons();
        DataTable points = DataTable.read(folder.resolve("porian_refinedweb_isoflop.csv"));
        expected.path("porian").fields().forEachRemaining(setup -> {
            List<IsoFlop.Point> all = points(points.filter(r -> r.text("config").equals(setup.getKey())), "N");
            to.of("Porian, " + setup.getValue().path("label").asText(setup.getKey()));
            porian(to, all, setup.getValue());
        });
        DataTable llama = DataTable.read(folder.resolve("llama3_isoflop_digitised.csv"));
        llama(to.of("Llama 3"), llama, expected.path("llama3").path("reproduced"));
        return to.list();
    }

    private static List<IsoFlop.Point> points(DataTable table, String size) {
        return table.rows().stream()
                .map(r -> new IsoFlop.Point(r.number("C"), r.number(size), r.number("loss")))
                .toList();
    }

    /** ln loss in place of the loss, as the parabolas of this row are fitted. */
    private static List<IsoFlop.Point> logarithmic(List<IsoFlop.Point> points) {
        return points.stream()
                .map(p -> new IsoFlop.Point(p.compute(), p.size(), Math.log(p.loss())))
                .toList();
    }

    private static void porian(Comparisons to, List<IsoFlop.Point> points, JsonNode setup) {
        List<IsoFlop.Minimum> published = new ArrayList<>();
        setup.path("published_optima")
                .forEach(o -> published.add(
                        new IsoFlop.Minimum(number(o, "C"), number(o, "n"), number(o, "loss"), Double.NaN, true)));
        Growth line = Growth.of(published);
        to.absolute(
                "exponent of the published minima",
                number(setup, "published_basic", "n_exponent"),
                line.exponent(),
                1e-6);
        JsonNode ours = setup.path("reproduced");
        to.absolute(
                "exponent, Akima",
                number(ours, "akima_argmin_ols", "exponent"),
                Growth.of(IsoFlop.splines(points)).exponent(),
                2e-3);
        to.absolute(
                "exponent, parabolas",
                number(ours, "parabola_7_lowest_ols", "exponent"),
                Growth.of(IsoFlop.parabolas(logarithmic(points), LOWEST)).exponent(),
                1e-6);
    }

    private static void llama(Comparisons to, DataTable table, JsonNode ours) {
        Growth tokens = Growth.of(IsoFlop.parabolas(points(table, "D"), 0));
        Growth sizes = Growth.of(IsoFlop.parabolas(points(table, "N"), 0));
        to.absolute("exponent of D*", number(ours, "D_star", "exponent"), tokens.exponent(), 1e-6);
        to.relative("coefficient of D*", number(ours, "D_star", "coef"), tokens.coefficient(), 1e-4);
        to.absolute("exponent of N*", number(ours, "N_star", "exponent"), sizes.exponent(), 1e-6);
        to.absolute("exponent of D* in the paper", 0.53, tokens.exponent(), 0.01);
        to.relative("N* at 3.8e25 FLOP", number(ours, "N_at_3p8e25"), sizes.size(3.8e25), 1e-4);
        to.relative("D* at 3.8e25 FLOP", number(ours, "D_star_at_3p8e25"), tokens.size(3.8e25), 1e-4);
    }
}
