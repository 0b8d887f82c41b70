package org.windtunnel.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunDirectoryTest {
    @TempDir
    Path temp;

    @Test
    void oneOwnerAtATime() {
        Path path = temp.resolve("sweep/run");
        try (RunDirectory first = RunDirectory.open(path)) {
            assertThat(first.status()).isEmpty();
            assertThatThrownBy(() -> RunDirectory.open(path))
                    .isInstanceOf(RunDirectoryException.class)
                    .hasMessageContaining("owned by another process (pid " + ProcessHandle.current().pid() + ")")
                    .extracting(e -> ((RunDirectoryException) e).kind())
                    .isEqualTo(RunDirectoryException.Kind.OWNED);
        }
        RunDirectory.open(path).close();
    }

    @Test
    void aSecondProcessIsRefused() throws Exception {
        Path path = temp.resolve("run");
        try (RunDirectory own = RunDirectory.open(path)) {
            Process other = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Intruder.class.getName(),
                            path.toString())
                    .redirectErrorStream(true)
                    .start();
            String out = new String(other.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            assertThat(other.waitFor()).isEqualTo(7);
            assertThat(out).contains("owned by another process");
            assertThat(own.path()).isEqualTo(path);
        }
    }

    /** Tries to take a run that the test owns. */
    static final class Intruder {
        public static void main(String[] args) {
            try {
                RunDirectory.open(Path.of(args[0])).close();
            } catch (RunDirectoryException e) {
                System.out.println(e.getMessage());
                System.exit(7);
            }
        }
    }

    @Test
    void markersReplaceEachOther() {
        try (RunDirectory run = RunDirectory.open(temp)) {
            run.finish(RunStatus.PREEMPTED, JsonNodeFactory.instance.objectNode());
            run.finish(RunStatus.DONE, JsonNodeFactory.instance.objectNode().put("steps", 3));
            assertThat(run.status()).contains(RunStatus.DONE);
            assertThat(temp.resolve("PREEMPTED")).doesNotExist();
            assertThat(temp.resolve("DONE")).content().contains("\"steps\" : 3");
        }
    }

    @Test
    void clearRemovesAnEarlierAttemptButKeepsTheLock() {
        try (RunDirectory run = RunDirectory.open(temp)) {
            run.writeText("resolved.yaml", "a: 1\n");
            run.lines("curve.jsonl").close();
            run.clear();
            assertThat(temp).isDirectoryContaining(p -> p.endsWith(".lock"));
            assertThat(temp.toFile().list()).hasSize(1);
        }
    }

    @Test
    void linesAreAppendedAndATornLastLineIsCut() throws IOException {
        Path file = temp.resolve("curve.jsonl");
        Files.writeString(file, "{\"step\":1}\n{\"step\":2}\n{\"st");
        try (RunDirectory run = RunDirectory.open(temp);
                JsonLines lines = run.lines("curve.jsonl")) {
            lines.append(json -> {
                json.writeNumberField("step", 3);
                json.writeNumberField("loss", Double.NaN);
            });
            assertThat(Files.readAllLines(file))
                    .isEqualTo(List.of("{\"step\":1}", "{\"step\":2}", "{\"step\":3,\"loss\":\"NaN\"}"));
        }
    }

    @Test
    void aFileWithoutALineEndIsCutToNothing() throws IOException {
        Path file = temp.resolve("curve.jsonl");
        Files.writeString(file, "x".repeat(20_000));
        try (RunDirectory run = RunDirectory.open(temp)) {
            run.lines("curve.jsonl").close();
        }
        assertThat(file).isEmptyFile();
    }

    @Test
    void aPathThatCannotBeADirectoryIsOneClearError() throws IOException {
        Path file = Files.writeString(temp.resolve("file"), "");
        assertThatThrownBy(() -> RunDirectory.open(file.resolve("run")))
                .isInstanceOf(RunDirectoryException.class)
                .hasMessageStartingWith("cannot write " + file.resolve("run"))
                .hasMessageContaining("--runs");
    }

    @Test
    void aFullDiskIsOneClearError() {
        Path full = Path.of("/dev/full");
        org.junit.jupiter.api.Assumptions.assumeTrue(Files.exists(full), "no /dev/full on this system");
        JsonLines lines = JsonLines.append(full);
        assertThatThrownBy(() -> lines.append(json -> json.writeNumberField("step", 1)))
                .isInstanceOf(RunDirectoryException.class)
                .hasMessageContaining("No space left on device");
    }
}
