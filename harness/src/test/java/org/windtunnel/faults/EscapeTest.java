package org.windtunnel.faults;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.launch.PlannedRun;
import org.windtunnel.launch.SweepPlan;
import org.windtunnel.record.DurableFiles;

/** Whatever a config calls its runs, they land in their sweep's directory. */
@Tag("faults")
class EscapeTest {
    private static final List<String> NAMES = List.of(
            "..",
            ".",
            "../up",
            "/abs",
            "a/../../b",
            "..\\up",
            "a\u0000b",
            " ",
            ".hidden",
            "~",
            "$HOME",
            "`id`",
            "a\nb",
            "-rf",
            "x".repeat(200),
            "\u202e",
            "con",
            "..%2f");

    @TempDir
    Path temp;

    private Path config(String name, String label) throws IOException {
        ObjectMapper json = new ObjectMapper();
        // JSON's strings are YAML's.
        return Files.writeString(temp.resolve("x.yaml"), FaultRuns.yaml(2, 1)
                .replace("name: faults", "name: " + json.writeValueAsString(name))
                + "sweep: {grids: [{train.batch: [{label: " + json.writeValueAsString(label) + ", value: 2}]}]}\n");
    }

    @Test
    void namesAndLabelsStayInside() throws IOException {
        Random random = new Random(3);
        Path root = temp.resolve("runs").toAbsolutePath();
        int planned = 0;
        int trials = Mutations.inputs() / 10;
        for (int i = 0; i < trials; i++) {
            String name = pick(random);
            String label = pick(random);
            try {
                for (PlannedRun run :
                        SweepPlan.expand(ConfigLoader.load(config(name, label), List.of()), spec -> Map.of())) {
                    Path directory = root.resolve(run.spec().name()).resolve(run.runId()).normalize();
                    assertThat(directory.getParent().getParent()).as("%s, %s", name, label).isEqualTo(root);
                    assertThat(run.runId()).matches("[A-Za-z0-9_+][A-Za-z0-9.+_-]*");
                    planned++;
                }
            } catch (ConfigException e) {
                assertThat(e.getMessage()).isNotBlank();
            }
        }
        assertThat(planned).isGreaterThan(trials / 10);
    }

    private static String pick(Random random) {
        String one = NAMES.get(random.nextInt(NAMES.size()));
        return switch (random.nextInt(3)) {
            case 0 -> "run" + random.nextInt(1000);
            case 1 -> one;
            default -> one + NAMES.get(random.nextInt(NAMES.size()));
        };
    }

    /** Links in a run directory that lead out of it: what they point to stays as it is. */
    @Test
    void linksAreNotWrittenThrough() throws IOException {
        Path config = Files.writeString(temp.resolve("x.yaml"), FaultRuns.yaml(4, 1));
        assertThat(FaultRuns.windtunnel("train", config.toString(), "--runs", temp.toString()).code()).isZero();
        Path run = FaultRuns.runs(temp).get(0);
        Path outside = Files.createDirectories(temp.resolve("outside"));
        for (String name : List.of("curve.jsonl", "eval.jsonl", "log.txt", "manifest.json", "resolved.yaml", "ckpt")) {
            Path target = outside.resolve(name);
            if (name.equals("ckpt")) {
                Files.writeString(Files.createDirectories(target).resolve("keep"), "keep");
            } else {
                Files.writeString(target, "keep");
            }
            FaultRuns.windtunnel("train", config.toString(), "--runs", temp.toString(), "--again");
            Files.delete(run.resolve("DONE"));
            DurableFiles.deleteTree(run.resolve(name));
            Files.createSymbolicLink(run.resolve(name), target);
            FaultRuns.Outcome outcome = FaultRuns.windtunnel("train", config.toString(), "--runs", temp.toString());
            assertThat(outcome.code()).as("%s: %s", name, outcome.err()).isIn(0, 2, 5);
            assertThat(outcome.err()).doesNotContain("\tat ");
            assertThat(name.equals("ckpt") ? target.resolve("keep") : target).hasContent("keep");
            DurableFiles.deleteTree(run.resolve(name));
        }
    }

    /** A manifest that came from elsewhere cannot make a branch, or the analysis, read outside the sweep. */
    @Test
    void theParentOfABranchIsANeighbour() throws IOException {
        Path config = Files.writeString(temp.resolve("x.yaml"), FaultRuns.yaml(4, 1));
        assertThat(FaultRuns.windtunnel("train", config.toString(), "--runs", temp.toString()).code()).isZero();
        Path run = FaultRuns.runs(temp).get(0);
        String manifest = Files.readString(run.resolve("manifest.json"));
        for (String parent : List.of("../elsewhere", "/etc", "..", "a/b")) {
            Files.writeString(
                    run.resolve("manifest.json"),
                    manifest.replace(
                            "\"parent\" : null",
                            "\"parent\" : {\"run_id\": \"" + parent + "\", \"identity\": \"" + "a".repeat(64)
                                    + "\", \"step\": 2}"));
            FaultRuns.Outcome outcome = FaultRuns.windtunnel("resume", run.toString());
            assertThat(outcome.code()).as(parent).isEqualTo(2);
            assertThat(outcome.err()).contains("parent: expected the run id of a trunk");
            assertThat(FaultRuns.windtunnel("report", temp.resolve("faults").toString()).code()).isZero();
        }
        try (Stream<Path> left = Files.list(temp)) {
            assertThat(left.map(p -> p.getFileName().toString())).containsExactlyInAnyOrder("x.yaml", "faults");
        }
    }
}
