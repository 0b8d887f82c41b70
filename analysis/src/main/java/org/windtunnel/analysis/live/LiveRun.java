package org.windtunnel.analysis.live;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import org.windtunnel.analysis.curve.Curve;
import org.windtunnel.analysis.curve.Evaluation;
import org.windtunnel.analysis.curve.Run;
import org.windtunnel.analysis.curve.RunReader;
import org.windtunnel.analysis.curve.RunStatus;

/**
 * One run directory, looked at again and again. What the table of runs needs comes from the ends of the logs; whole curves
 * are read when someone looks at them. Thread-safe.
 */
public final class LiveRun {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MAX_MANIFEST = 16 << 20;
    private static final int TAIL = 8192;
    /** How long curves are kept that nobody looks at. */
    private static final long KEEP_NANOS = 120_000_000_000L;
    /** Lines at the end of a curve that its present loss and speed are taken from. */
    private static final int RECENT = 20;

    private final RunsRoot root;
    private final Path directory;
    private final Predicate<Path> owned;

    private final Trace curve = new Trace();
    private final Trace evaluations = new Trace();
    private final DiagnosticTrace diagnostics = new DiagnosticTrace();
    private final LogTail curveTail;
    private final LogTail evaluationTail;
    private final LogTail diagnosticsTail;

    private BasicFileAttributes manifestFacts;
    private BasicFileAttributes markerFacts;
    private BasicFileAttributes curveFacts;
    private BasicFileAttributes evalFacts;
    /** Without what no table or bowl needs: ten thousand of them are held. */
    private JsonNode manifest;
    private String problem;
    private JsonNode marker = JsonNodeFactory.instance.objectNode();
    private double[] recentLoss = {};
    private double[] recentSpeed = {};
    private LogLine last;
    private LogLine lastEvaluation;
    private RunState state = RunState.INTERRUPTED;
    private RunSnapshot snapshot;
    private long wantedAt = System.nanoTime();

    LiveRun(RunsRoot root, Path directory, Predicate<Path> owned) {
        this.root = root;
        this.directory = directory;
        this.owned = owned;
        curveTail = new LogTail(root, directory.resolve("curve.jsonl"));
        evaluationTail = new LogTail(root, directory.resolve("eval.jsonl"));
        diagnosticsTail = new LogTail(root, directory.resolve("diag.jsonl"));
    }

    /** How it stands now. @param plan what its sweep plans for it, or null */
    synchronized RunSnapshot look(SweepListing.Planned plan) {
        if (isAsBefore(plan)) {
            forget();
            return snapshot;
        }
        boolean changed = readMarker() | readManifest() | readEnds();
        if (changed || snapshot == null || snapshot.plan() != plan || snapshot.state() != state) {
            snapshot = snapshot(plan);
        }
        forget();
        return snapshot;
    }

    /** Of a run that is decided nothing but the marker is looked at again: most runs of a large sweep are. */
    private boolean isAsBefore(SweepListing.Planned plan) {
        return snapshot != null && snapshot.plan() == plan && snapshot.run() != null && state.isDecided()
                && !isOther(markerFacts, root.file(directory.resolve(state.name())).orElse(null));
    }

    private void forget() {
        if (System.nanoTime() - wantedAt > KEEP_NANOS) {
            curveTail.restart(curve::clear);
            evaluationTail.restart(evaluations::clear);
            diagnosticsTail.restart(diagnostics::clear);
            wantedAt = System.nanoTime();
        }
    }

    private boolean readMarker() {
        for (RunStatus status : RunStatus.values()) {
            Path file = directory.resolve(status.name());
            Optional<BasicFileAttributes> facts = status == RunStatus.RUNNING ? Optional.empty() : root.file(file);
            if (facts.isPresent()) {
                state = RunState.valueOf(status.name());
                boolean changed = isOther(markerFacts, facts.get());
                markerFacts = facts.get();
                if (changed) {
                    marker = object(file);
                }
                return changed;
            }
        }
        // The lock is asked for only where it is a plain file.
        boolean running = root.file(directory.resolve(".lock")).isPresent() && owned.test(directory);
        state = running ? RunState.RUNNING : RunState.INTERRUPTED;
        boolean changed = markerFacts != null;
        markerFacts = null;
        marker = JsonNodeFactory.instance.objectNode();
        return changed;
    }

    private boolean readManifest() {
        Path file = directory.resolve(RunReader.MANIFEST);
        Optional<BasicFileAttributes> facts = root.file(file);
        if (facts.isEmpty() ? manifestFacts == null : !isOther(manifestFacts, facts.get())) {
            return false;
        }
        manifestFacts = facts.orElse(null);
        JsonNode read = facts.isEmpty() ? null : object(file);
        problem = read == null ? null : RunReader.refusal(directory.getFileName(), read).orElse(null);
        manifest = problem == null ? read : null;
        if (manifest instanceof ObjectNode whole) {
            whole.remove("environment");
            whole.remove("data");
        }
        return true;
    }

    private boolean readEnds() {
        BasicFileAttributes curveNow = root.file(directory.resolve("curve.jsonl")).orElse(null);
        BasicFileAttributes evalNow = root.file(directory.resolve("eval.jsonl")).orElse(null);
        boolean changed = false;
        if (isOther(curveFacts, curveNow)) {
            curveFacts = curveNow;
            List<LogLine> lines = end("curve.jsonl");
            last = lines.isEmpty() ? null : lines.get(lines.size() - 1);
            recentLoss = lines.stream().mapToDouble(LogLine::loss).toArray();
            recentSpeed = lines.stream().mapToDouble(LogLine::tokensPerSecond).toArray();
            changed = true;
        }
        if (isOther(evalFacts, evalNow)) {
            evalFacts = evalNow;
            List<LogLine> lines = end("eval.jsonl");
            lastEvaluation = lines.isEmpty() ? null : lines.get(lines.size() - 1);
            changed = true;
        }
        return changed;
    }

    private static boolean isOther(BasicFileAttributes before, BasicFileAttributes now) {
        return before == null || now == null
                ? before != now
                : before.size() != now.size() || !before.lastModifiedTime().equals(now.lastModifiedTime());
    }

    /** The newest whole lines of a log. */
    private List<LogLine> end(String name) {
        try {
            String text = new String(root.tail(directory.resolve(name), TAIL), StandardCharsets.UTF_8);
            List<LogLine> lines = text.substring(0, text.lastIndexOf('\n') + 1).lines()
                    .map(LogLine::parse)
                    .filter(line -> line != null)
                    .toList();
            return lines.subList(Math.max(0, lines.size() - RECENT), lines.size());
        } catch (IOException e) {
            return List.of();
        }
    }

    private JsonNode object(Path file) {
        try {
            JsonNode read = JSON.readTree(root.head(file, MAX_MANIFEST));
            if (read != null && read.isObject()) {
                return read;
            }
        } catch (IOException e) {
            // A file that is damaged, or was replaced just now: looked at again when it changes.
        }
        return JsonNodeFactory.instance.objectNode();
    }

    private RunSnapshot snapshot(SweepListing.Planned plan) {
        Run run = manifest == null
                ? null
                : RunReader.of(directory, manifest, status(), marker, Curve.empty(), lastEvaluations());
        long planned = plan == null ? 0 : plan.steps();
        long steps = manifest != null ? manifest.path("planned").path("steps").asLong() : planned;
        boolean running = state == RunState.RUNNING;
        return new RunSnapshot(
                directory.getFileName().toString(),
                state,
                run,
                last == null ? 0 : last.step(),
                steps,
                last == null || Double.isNaN(last.tokens()) ? 0 : last.tokens(),
                Arrays.stream(recentLoss).average().orElse(Double.NaN),
                lastEvaluation == null ? Double.NaN : lastEvaluation.loss(),
                running ? median(recentSpeed) : Double.NaN,
                plan,
                problem);
    }

    private RunStatus status() {
        return switch (state) {
            case DONE -> RunStatus.DONE;
            case DIVERGED -> RunStatus.DIVERGED;
            case FAILED -> RunStatus.FAILED;
            case PREEMPTED -> RunStatus.PREEMPTED;
            default -> RunStatus.RUNNING;
        };
    }

    private List<Evaluation> lastEvaluations() {
        return lastEvaluation == null
                ? List.of()
                : List.of(new Evaluation(lastEvaluation.step(), lastEvaluation.tokens(), Double.NaN, "valid",
                        lastEvaluation.loss()));
    }

    private static double median(double[] values) {
        double[] sorted = Arrays.stream(values).filter(v -> v > 0 && Double.isFinite(v)).sorted().toArray();
        return sorted.length == 0 ? Double.NaN : 0.5 * (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]);
    }

    /** Looks at the whole curve while nobody else does; what is new is read first. */
    public synchronized <T> T curve(Function<Trace, T> look) {
        wantedAt = System.nanoTime();
        curveTail.read(curve::clear, text -> add(curve, text));
        return look.apply(curve);
    }

    /** Likewise the evaluations, of which the loss is set. */
    public synchronized <T> T evaluations(Function<Trace, T> look) {
        wantedAt = System.nanoTime();
        evaluationTail.read(evaluations::clear, text -> add(evaluations, text));
        return look.apply(evaluations);
    }

    /** Likewise the diagnostics. */
    public synchronized <T> T diagnostics(Function<DiagnosticTrace, T> look) {
        wantedAt = System.nanoTime();
        diagnosticsTail.read(diagnostics::clear, diagnostics::add);
        return look.apply(diagnostics);
    }

    private static void add(Trace trace, String text) {
        LogLine line = LogLine.parse(text);
        if (line != null) {
            trace.add(line);
        }
    }

    /** The manifest as it is; an empty object while there is none. */
    public JsonNode manifest() {
        return object(directory.resolve(RunReader.MANIFEST));
    }

    /** The end of {@code log.txt}: what happened to the run, for people. */
    public List<String> notes() {
        try {
            String text = new String(root.tail(directory.resolve("log.txt"), TAIL), StandardCharsets.UTF_8);
            return text.lines().toList();
        } catch (IOException e) {
            return List.of();
        }
    }
}
