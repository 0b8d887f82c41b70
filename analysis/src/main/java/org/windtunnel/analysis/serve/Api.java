package org.windtunnel.analysis.serve;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.windtunnel.analysis.live.DiagnosticTrace;
import org.windtunnel.analysis.live.LiveBowls;
import org.windtunnel.analysis.live.LiveRun;
import org.windtunnel.analysis.live.LiveRuns;
import org.windtunnel.analysis.live.LiveSweep;
import org.windtunnel.analysis.live.RunSnapshot;
import org.windtunnel.analysis.live.SweepSnapshot;
import org.windtunnel.analysis.live.Trace;
import org.windtunnel.analysis.live.Trace.Column;

/**
 * What the page asks for, as JSON.
 *
 * <table>
 * <caption>Requests</caption>
 * <tr><td>{@code /api/sweeps}</td><td>every sweep with its counts</td></tr>
 * <tr><td>{@code /api/sweep?sweep=}</td><td>its runs</td></tr>
 * <tr><td>{@code /api/bowls?sweep=&x=&size=}</td><td>loss against learning rate</td></tr>
 * <tr><td>{@code /api/curves?sweep=&run=id@epoch@points&run=...}</td><td>points that the page does not have yet</td></tr>
 * <tr><td>{@code /api/run?sweep=&run=&chart=}</td><td>one run: facts, notes, evaluations, one chart of diagnostics</td></tr>
 * </table>
 */
final class Api {
    /** Curves in one answer. */
    private static final int MAX_CURVES = 200;

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final LiveRuns runs;
    private final Map<String, CachedBowls> bowls = new ConcurrentHashMap<>();

    private record CachedBowls(long version, LiveSweep sweep, ObjectNode json) {}

    Api(LiveRuns runs) {
        this.runs = runs;
    }

    Response answer(Request request) {
        if (request.path().equals("/api/sweeps")) {
            return Response.json(sweeps());
        }
        if (!List.of("/api/sweep", "/api/bowls", "/api/curves", "/api/run").contains(request.path())) {
            return Response.error(404, "there is nothing under this path");
        }
        Optional<LiveSweep> sweep = Optional.ofNullable(request.first("sweep")).flatMap(runs::sweep);
        if (sweep.isEmpty()) {
            return Response.error(404, "there is no such sweep");
        }
        return switch (request.path()) {
            case "/api/sweep" -> Response.json(sweep(sweep.get().look()));
            case "/api/bowls" -> Response.json(bowls(sweep.get(), request));
            case "/api/curves" -> Response.json(curves(sweep.get(), request));
            default -> run(sweep.get(), request);
        };
    }

    private ObjectNode sweeps() {
        ObjectNode node = Json.object();
        node.put("directory", runs.directory().toString());
        runs.only().ifPresent(run -> node.put("only", run));
        ArrayNode list = node.putArray("sweeps");
        for (LiveSweep sweep : runs.sweeps()) {
            summary(list.addObject(), sweep.look());
        }
        return node;
    }

    private static void summary(ObjectNode node, SweepSnapshot sweep) {
        node.put("name", sweep.name()).put("total", sweep.runs().size());
        ObjectNode counts = node.putObject("counts");
        sweep.counts().forEach((state, n) -> counts.put(state.text(), n));
        Json.put(node, "progress", sweep.progress());
        Json.put(node, "tokens_per_s", sweep.tokensPerSecond());
        Json.put(node, "seconds_left", sweep.secondsLeft());
        node.put("over", sweep.isOver());
    }

    private static ObjectNode sweep(SweepSnapshot sweep) {
        ObjectNode node = Json.object();
        summary(node, sweep);
        ArrayNode rows = node.putArray("runs");
        sweep.runs().forEach(run -> row(rows.addObject(), run));
        return node;
    }

    private static void row(ObjectNode row, RunSnapshot run) {
        row.put("run", run.runId()).put("state", run.state().text()).put("step", run.step()).put("steps", run.steps());
        Json.put(row, "progress", run.progress());
        Json.put(row, "tokens", run.tokens());
        Json.put(row, "loss", run.loss());
        Json.put(row, "eval_loss", run.evalLoss());
        Json.put(row, "tokens_per_s", run.tokensPerSecond());
        Json.put(row, "seconds_left", run.secondsLeft());
        if (run.problem() != null) {
            row.put("reason", run.problem());
        }
        if (run.run() != null) {
            row.put("slug", run.run().slug())
                    .put("seed", run.run().seed())
                    .put("params", run.run().paramsNonEmbedding());
            row.set("axes", MAPPER.valueToTree(run.run().axes()));
            if (run.reason() != null) {
                row.put("reason", run.reason());
            }
            if (run.run().parent() != null) {
                row.put("parent", run.run().parent().runId());
            }
        }
    }

    /** Optima take some computing; they are kept until a result changes. */
    private ObjectNode bowls(LiveSweep sweep, Request request) {
        SweepSnapshot now = sweep.look();
        String key = sweep.name();
        String asked = request.first("x") + " " + request.first("size");
        CachedBowls cached = bowls.get(key + " " + asked);
        boolean running = now.runs().stream().anyMatch(r -> Double.isNaN(r.evalLoss()) && Double.isFinite(r.loss()));
        if (cached != null && cached.version == now.version() && cached.sweep == sweep && !running) {
            return cached.json;
        }
        ObjectNode json = BowlsJson.of(LiveBowls.of(now, request.first("x"), request.first("size")));
        if (bowls.size() > MAX_CURVES) {
            bowls.clear();
        }
        bowls.put(key + " " + asked, new CachedBowls(now.version(), sweep, json));
        return json;
    }

    private static ObjectNode curves(LiveSweep sweep, Request request) {
        ObjectNode node = Json.object();
        for (String asked : request.all("run").stream().limit(MAX_CURVES).toList()) {
            String[] parts = asked.split("@");
            Optional<LiveRun> run = sweep.run(parts[0]);
            if (run.isPresent()) {
                int epoch = parts.length == 3 ? Integer.parseInt(parts[1]) : -1;
                int have = parts.length == 3 ? Integer.parseInt(parts[2]) : 0;
                node.set(parts[0], run.get().curve(trace -> points(trace, epoch, have)));
            }
        }
        return node;
    }

    /** Points from the last that the page has on: that one may have changed. */
    private static ObjectNode points(Trace trace, int epoch, int have) {
        int from = trace.epoch() == epoch ? Math.max(0, have - 1) : 0;
        ObjectNode node = Json.object().put("epoch", trace.epoch()).put("from", from);
        for (Column column : Column.values()) {
            node.set(column.name().toLowerCase(java.util.Locale.ROOT), Json.values(trace.values(column, from)));
        }
        return node;
    }

    private static Response run(LiveSweep sweep, Request request) {
        String name = request.first("run");
        Optional<LiveRun> found = name == null ? Optional.empty() : sweep.run(name);
        if (found.isEmpty()) {
            return Response.error(404, "there is no such run");
        }
        LiveRun run = found.get();
        ObjectNode node = Json.object();
        sweep.look().runs().stream().filter(r -> r.runId().equals(name)).findFirst()
                .ifPresent(snapshot -> row(node.putObject("row"), snapshot));
        node.set("manifest", run.manifest());
        run.evaluations(trace -> {
            ObjectNode evaluations = node.putObject("evaluations");
            evaluations.set("step", Json.values(trace.values(Column.STEP, 0)));
            evaluations.set("tokens", Json.values(trace.values(Column.TOKENS, 0)));
            evaluations.set("loss", Json.values(trace.values(Column.LOSS, 0)));
            return evaluations;
        });
        node.set("diagnostics", run.diagnostics(trace -> diagnostics(trace, request.first("chart"))));
        ArrayNode notes = node.putArray("notes");
        run.notes().forEach(notes::add);
        return Response.json(node);
    }

    private static ObjectNode diagnostics(DiagnosticTrace trace, String chart) {
        ObjectNode node = Json.object();
        trace.charts().forEach(node.putArray("charts")::add);
        double[] steps = new double[trace.steps().length];
        for (int i = 0; i < steps.length; i++) {
            steps[i] = trace.steps()[i];
        }
        node.set("step", Json.values(steps));
        ObjectNode series = node.putObject("series");
        trace.series(chart == null ? "" : chart).forEach((name, values) -> series.set(name, Json.values(values)));
        return node;
    }
}
