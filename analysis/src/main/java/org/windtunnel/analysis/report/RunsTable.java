package org.windtunnel.analysis.report;

import static org.windtunnel.analysis.report.Html.element;
import static org.windtunnel.analysis.report.Html.escape;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.windtunnel.analysis.study.RunRow;
import org.windtunnel.analysis.study.StudyOptions;
import org.windtunnel.analysis.study.StudyResult;

/** Every run with its numbers; a click on a header sorts. */
final class RunsTable {

    /**
     * A column of numbers.
     *
     * @param sort the number itself
     * @param shown how it is written
     */
    private record Column(String head, Function<RunRow, Double> sort, Function<Double, String> shown) {}

    /** Beside the width, or what stands in its place. */
    private static final List<Column> NUMBERS = List.of(
            new Column("N", RunRow::n, Format::si),
            new Column("D", RunRow::d, Format::si),
            new Column("LR", RunRow::lr, Format::rate),
            new Column("eval loss", RunRow::evalLoss, Format::loss),
            new Column("error", RunRow::evalError, Format::error),
            new Column("train loss", RunRow::trainLoss, Format::loss),
            new Column("FLOP", RunRow::flops, Format::flops),
            new Column("time", RunRow::wallSeconds, Format::duration),
            new Column("speed (1/s)", RunRow::tokensPerSecond, Format::si));

    private final StudyResult result;
    private final Path page;
    private final List<String> otherAxes;

    private RunsTable(StudyResult result, Path page) {
        this.result = result;
        this.page = page;
        otherAxes = otherAxes(result);
    }

    /** @param page where the report will lie; links to run directories are relative to it */
    static String html(StudyResult result, Path page) {
        return new RunsTable(result, page).html();
    }

    /** What the sweep varied beyond rate, width and group, and the seed if it varies. */
    private static List<String> otherAxes(StudyResult result) {
        StudyOptions options = result.options();
        Map<String, Set<Object>> values = new LinkedHashMap<>();
        result.runs().forEach(r ->
                r.axes().forEach((path, value) -> values.computeIfAbsent(path, p -> new LinkedHashSet<>()).add(value)));
        List<String> axes = new ArrayList<>();
        values.forEach((path, distinct) -> {
            if (distinct.size() > 1
                    && !path.equals(options.lrPath())
                    && !path.equals(options.widthPath())
                    && !options.groupPaths().contains(path)) {
                axes.add(path);
            }
        });
        return axes;
    }

    private String html() {
        StringBuilder out =
                new StringBuilder("<div class=\"scroll tall\"><table class=\"sortable\" data-csv=\"runs\"><thead><tr>");
        head(out, "run", false);
        head(out, "status", false);
        head(out, "group", false);
        Column size = new Column(result.options().axis(), RunRow::width, Format::si);
        List<Column> columns = Stream.concat(Stream.of(size), NUMBERS.stream())
                .filter(c -> result.runs().stream().map(c.sort).anyMatch(Objects::nonNull))
                .toList();
        otherAxes.forEach(axis -> head(out, axis, false));
        columns.forEach(c -> head(out, c.head, true));
        out.append("</tr></thead><tbody>\n");
        for (RunRow run : result.runs()) {
            row(out, run, columns);
        }
        return out.append("</tbody></table></div>").toString();
    }

    private static void head(StringBuilder out, String text, boolean number) {
        out.append(number ? "<th class=\"number\">" : "<th>")
                .append("<button type=\"button\">")
                .append(escape(text))
                .append("</button></th>");
    }

    private void row(StringBuilder out, RunRow run, List<Column> columns) {
        out.append("<tr><td>").append(link(run)).append("</td><td>");
        String status = run.status().name().toLowerCase(Locale.ROOT);
        out.append("<span class=\"badge ").append(status).append('"');
        if (run.reason() != null) {
            out.append(" title=\"").append(escape(run.reason())).append('"');
        }
        out.append('>').append(status).append("</span></td>").append(element("td", "", run.group()));
        for (String axis : otherAxes) {
            Object value = run.axes().get(axis);
            String text =
                    value instanceof Number n ? Format.si(n.doubleValue()) : value == null ? "" : String.valueOf(value);
            out.append(element("td", "", text));
        }
        for (Column column : columns) {
            Double value = column.sort.apply(run);
            out.append("<td class=\"number\" data-value=\"")
                    .append(value == null || !Double.isFinite(value) ? "" : Specs.rounded(value).toPlainString())
                    .append("\">")
                    .append(escape(column.shown.apply(value)))
                    .append("</td>");
        }
        out.append("</tr>\n");
    }

    private String link(RunRow run) {
        String directory = result.origin() == null ? null : result.origin().directory();
        if (directory == null) {
            return escape(run.runId());
        }
        Path from = page.toAbsolutePath().normalize().getParent();
        Path to = Path.of(directory).toAbsolutePath().normalize().resolve(run.runId());
        String relative = from.relativize(to).toString().replace('\\', '/') + "/";
        return "<a href=\"" + escape(encoded(relative)) + "\">" + escape(run.runId()) + "</a>";
    }

    /** A relative path as a link that no browser can take for another scheme. */
    private static String encoded(String path) {
        try {
            return new URI(null, null, "./" + path, null).toASCIIString();
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("Not a path: " + path, e);
        }
    }
}
