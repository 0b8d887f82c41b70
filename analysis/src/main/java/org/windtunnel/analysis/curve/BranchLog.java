package org.windtunnel.analysis.curve;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The logs of a run; those of a branch are preceded by its trunk's, so that a tree of runs reads as whole runs. */
final class BranchLog {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Branches of branches, further than anyone goes on purpose. */
    private static final int MAX_DEPTH = 32;

    private static final String CURVE = "curve.jsonl";
    private static final String EVALUATIONS = "eval.jsonl";

    private BranchLog() {}

    /** Where a run branched off; null if it did not. */
    static Run.Parent parent(JsonNode manifest) {
        JsonNode parent = manifest.path("parent");
        return parent.isObject()
                ? new Run.Parent(
                        parent.path("run_id").asText(),
                        parent.path("step").asLong(),
                        parent.path("checkpoint").asText())
                : null;
    }

    /** The training curve from the first step of the trunk on, by increasing step. */
    static Curve curve(Path directory, List<String> problems) {
        CurveBuilder curve = new CurveBuilder();
        for (Piece piece : pieces(directory, CURVE, problems, 0)) {
            LogReader.read(piece.file, parser -> curveLine(parser, curve), problems);
            curve.cut(piece.last);
        }
        return curve.build();
    }

    /** The evaluations from the first step of the trunk on, by increasing step. */
    static List<Evaluation> evaluations(Path directory, List<String> problems) {
        List<Evaluation> all = new ArrayList<>();
        for (Piece piece : pieces(directory, EVALUATIONS, problems, 0)) {
            LogReader.read(piece.file, parser -> evaluation(parser, all), problems);
            all.removeIf(e -> e.step() > piece.last);
        }
        return all;
    }

    /** A log and the last step of it that belongs to the run. */
    private record Piece(Path file, long last) {}

    private static List<Piece> pieces(Path directory, String name, List<String> problems, int depth) {
        List<Piece> pieces = new ArrayList<>();
        Run.Parent parent = parent(manifest(directory));
        if (parent != null) {
            // A run id is a plain name; anything else would read outside the sweep.
            Path trunk = parent.runId().matches("[A-Za-z0-9_+][A-Za-z0-9.+_-]*")
                    ? directory.resolveSibling(parent.runId())
                    : null;
            if (trunk == null || depth == MAX_DEPTH || !Files.isRegularFile(trunk.resolve(RunReader.MANIFEST))) {
                problems.add(directory.resolve(name) + " starts after step " + parent.step() + " of a trunk, "
                        + parent.runId() + ", that is not there; read without it.");
            } else {
                pieces(trunk, name, problems, depth + 1).stream()
                        .map(p -> new Piece(p.file, Math.min(p.last, parent.step())))
                        .forEach(pieces::add);
            }
        }
        pieces.add(new Piece(directory.resolve(name), Long.MAX_VALUE));
        return pieces;
    }

    private static JsonNode manifest(Path directory) {
        try {
            return JSON.readTree(Files.readAllBytes(directory.resolve(RunReader.MANIFEST)));
        } catch (IOException e) {
            return JSON.createObjectNode();
        }
    }

    private static boolean curveLine(JsonParser parser, CurveBuilder curve) throws IOException {
        double step = Double.NaN;
        double tokens = Double.NaN;
        double flops = Double.NaN;
        double lr = Double.NaN;
        double loss = Double.NaN;
        double norm = Double.NaN;
        double rate = Double.NaN;
        double seconds = Double.NaN;
        for (String key = parser.nextFieldName(); key != null; key = parser.nextFieldName()) {
            parser.nextToken();
            switch (key) {
                case "step" -> step = LogReader.number(parser);
                case "tokens" -> tokens = LogReader.number(parser);
                case "flops" -> flops = LogReader.number(parser);
                case "lr" -> lr = LogReader.number(parser);
                case "loss" -> loss = LogReader.number(parser);
                case "grad_norm" -> norm = LogReader.number(parser);
                case "tokens_per_s" -> rate = LogReader.number(parser);
                case "time_s" -> seconds = LogReader.number(parser);
                default -> parser.skipChildren();
            }
        }
        if (!Double.isFinite(step) || parser.currentToken() != JsonToken.END_OBJECT) {
            return false;
        }
        curve.add(step, tokens, flops, lr, loss, norm, rate, seconds);
        return true;
    }

    /** A step that comes again replaces what followed its first time. */
    private static boolean evaluation(JsonParser parser, List<Evaluation> all) throws IOException {
        double step = Double.NaN;
        double tokens = Double.NaN;
        double flops = Double.NaN;
        double loss = Double.NaN;
        double error = Double.NaN;
        String split = "valid";
        for (String key = parser.nextFieldName(); key != null; key = parser.nextFieldName()) {
            parser.nextToken();
            switch (key) {
                case "step" -> step = LogReader.number(parser);
                case "tokens" -> tokens = LogReader.number(parser);
                case "flops" -> flops = LogReader.number(parser);
                case "loss" -> loss = LogReader.number(parser);
                case "error" -> error = LogReader.number(parser);
                case "split" -> split = parser.getText();
                default -> parser.skipChildren();
            }
        }
        if (!Double.isFinite(step) || parser.currentToken() != JsonToken.END_OBJECT) {
            return false;
        }
        while (!all.isEmpty() && all.get(all.size() - 1).step() >= step) {
            all.remove(all.size() - 1);
        }
        all.add(new Evaluation((long) step, tokens, flops, split, loss, error));
        return true;
    }
}
