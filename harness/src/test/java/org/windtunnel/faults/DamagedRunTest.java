package org.windtunnel.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.curve.RunTable;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.record.RunStatus;

/** Any file of an interrupted run damaged in any way: the run ends as it would have, or one message says why not. */
@Tag("faults")
class DamagedRunTest {
    private static final int STEPS = 24;
    private static final String LAST = "ckpt/step-%08d".formatted(STEPS);

    @TempDir
    Path temp;

    @Test
    void resumeNeverGoesOnFromAWrongState() throws IOException {
        Path config = Files.writeString(temp.resolve("x.yaml"), FaultRuns.yaml(STEPS, 4));
        Path straight = temp.resolve("straight");
        assertThat(FaultRuns.windtunnel("train", config.toString(), "--runs", straight.toString()).code()).isZero();
        String expected = FaultRuns.result(FaultRuns.runs(straight).get(0), STEPS);
        String expectedLogs = FaultRuns.logs(FaultRuns.runs(straight).get(0));
        Map<String, byte[]> interrupted = interrupted(FaultRuns.runs(straight).get(0));
        List<String> names = new ArrayList<>(interrupted.keySet());

        int whole = 0;
        int refused = 0;
        int trials = Mutations.inputs() / 50;
        Path run = FaultRuns.runs(straight).get(0).resolveSibling("damaged");
        Map<String, FaultNotes> notes = new TreeMap<>();
        for (int i = 0; i < trials; i++) {
            Random random = Mutations.random(i);
            String name = names.get(random.nextInt(names.size()));
            Mutations.Damaged damaged = Mutations.damage(interrupted.get(name), random);
            lay(run, interrupted, name, damaged.bytes());
            readable(run);
            FaultRuns.Outcome outcome = FaultRuns.windtunnel("resume", run.toString());
            if (outcome.code() == 0) {
                // A damaged number or flag of the config can be a valid one that keeps no last checkpoint.
                boolean kept = !name.endsWith(".yaml") || Files.exists(run.resolve(LAST));
                assertThat(kept ? FaultRuns.result(run, STEPS) : FaultRuns.logs(run))
                        .as("input %d, %s damaged", i, name)
                        .isEqualTo(kept ? expected : expectedLogs);
                whole++;
                note(
                        notes,
                        name,
                        damaged,
                        kept ? said(run) : "same curve, last checkpoint not kept as the config says");
            } else {
                assertThat(outcome.code()).as("input %d, %s damaged: %s", i, name, outcome.err()).isEqualTo(2);
                assertThat(outcome.err()).startsWith("windtunnel: ").doesNotContain("\tat ");
                refused++;
                note(notes, name, damaged, "refused with a message");
            }
        }
        notes.values().forEach(n -> n.write(Map.of()));
        System.out.printf(
                "runs with a damaged file: %d tried, %d ended as they would have, %d refused%n",
                trials, whole, refused);
        assertThat(whole).isGreaterThan(trials / 3);
        assertThat(refused).as("damaged manifest or config").isPositive();
    }

    private static void note(Map<String, FaultNotes> notes, String file, Mutations.Damaged damaged, String outcome) {
        String name = file.replaceAll("tfevents.*", "tfevents").replaceAll("step-\\d+", "step-N");
        notes.computeIfAbsent(name, FaultNotes::new).add(damaged.kind(), outcome);
    }

    /** How a run that ended as it would have got there. */
    private static String said(Path run) throws IOException {
        // Not UTF-8: the damaged file may be the log itself.
        String log = Files.readString(run.resolve("log.txt"), StandardCharsets.ISO_8859_1);
        return log.contains("the run starts over")
                ? "started over, same result"
                : log.contains("cannot be used") || log.contains("is damaged")
                        ? "went on from an earlier checkpoint, same result"
                        : "went on, same result";
    }

    /** The files of a run as a kill at three quarters of it leaves them: no marker, no newer checkpoint. */
    private static Map<String, byte[]> interrupted(Path run) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        try (Stream<Path> tree = Files.walk(run)) {
            for (Path file : tree.filter(Files::isRegularFile).toList()) {
                String name = run.relativize(file).toString();
                if (!name.equals("DONE") && !name.equals(".lock") && !name.contains("step-000000" + STEPS)) {
                    files.put(name, Files.readAllBytes(file));
                }
            }
        }
        assertThat(files)
                .containsKeys("curve.jsonl", "eval.jsonl", "ckpt/step-00000020/weights.safetensors", "manifest.json");
        return files;
    }

    private static void lay(Path run, Map<String, byte[]> files, String damaged, byte[] content) throws IOException {
        try (RunDirectory directory = RunDirectory.open(run)) {
            directory.clear();
        }
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Path path = run.resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.write(path, file.getKey().equals(damaged) ? content : file.getValue());
        }
    }

    /** The analysis takes what it can read of such a run. */
    private static void readable(Path run) {
        try {
            assertThat(RunTable.read(run).runs()).hasSizeLessThanOrEqualTo(1);
        } catch (AnalysisException e) {
            assertThat(e.getMessage()).contains("format");
        }
    }

    /** Tokens that change under an interrupted run end it with a message; the right ones bring it to its end. */
    @Test
    void damagedShardsAreNoticedByTheRunThatComesBack() throws IOException {
        ByteBuffer shard = ByteBuffer.allocate(2 * 20_000).order(ByteOrder.LITTLE_ENDIAN);
        new Random(5).ints(20_000, 0, 32).forEach(token -> shard.putShort((short) token));
        Path tokens = temp.resolve("tokens.bin");
        Files.write(tokens, shard.array());
        Path config = Files.writeString(temp.resolve("x.yaml"), FaultRuns.yaml(STEPS, 4).replaceAll("data: .*",
                "data: {type: shards, train: [" + tokens + "], vocab: 32, format: nanogpt}"));
        Path straight = temp.resolve("straight");
        assertThat(FaultRuns.windtunnel("train", config.toString(), "--runs", straight.toString()).code()).isZero();
        Path run = FaultRuns.runs(straight).get(0);
        String expected = FaultRuns.result(run, STEPS);
        Map<String, byte[]> interrupted = interrupted(run);
        FaultNotes notes = new FaultNotes("tokens.bin under a run");
        Path damagedRun = run.resolveSibling("damaged");
        for (int i = 0; i < Math.max(20, Mutations.inputs() / 1000); i++) {
            lay(damagedRun, interrupted, "", null);
            Mutations.Damaged damaged = Mutations.damage(shard.array(), Mutations.random(i));
            Files.write(tokens, damaged.bytes());
            FaultRuns.Outcome outcome = FaultRuns.windtunnel("resume", damagedRun.toString());
            assertThat(outcome.code()).as("input %d: %s", i, outcome.err()).isEqualTo(2);
            assertThat(outcome.err()).contains("windtunnel: ").doesNotContain("\tat ");
            notes.add(damaged.kind(), "refused with a message");
        }
        Files.write(tokens, shard.array());
        assertThat(FaultRuns.windtunnel("resume", damagedRun.toString()).code()).isZero();
        assertThat(FaultRuns.result(damagedRun, STEPS)).isEqualTo(expected);
        notes.write(Map.of());
    }

    @Test
    void aMarkerThatWasTornStillCounts() throws IOException {
        Path config = Files.writeString(temp.resolve("x.yaml"), FaultRuns.yaml(STEPS, 4));
        FaultRuns.windtunnel("train", config.toString(), "--runs", temp.toString());
        Path run = FaultRuns.runs(temp).get(0);
        Files.writeString(run.resolve("DONE"), "");
        assertThat(RunDirectory.statusOf(run)).contains(RunStatus.DONE);
        assertThat(FaultRuns.windtunnel("report", temp.resolve("faults").toString()).code()).isZero();
    }
}
