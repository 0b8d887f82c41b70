package org.windtunnel.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clocks that jump, forwards and back, while a run goes on and while it waits. */
@Tag("faults")
class ClockTest {
    private static final int STEPS = 300;

    @TempDir
    Path temp;

    private Path config;
    private Path runs;
    private String expected;

    @BeforeEach
    void straight() throws IOException {
        // By time as well as by steps: what waits for a clock that was set back would save nothing.
        config = Files.writeString(
                temp.resolve("x.yaml"), FaultRuns.yaml(STEPS, 50).replace("every_seconds: 0", "every_seconds: 0.2"));
        runs = temp.resolve("runs");
        Path straight = temp.resolve("straight");
        assertThat(FaultRuns.windtunnel("train", config.toString(), "--runs", straight.toString()).code()).isZero();
        expected = FaultRuns.result(FaultRuns.runs(straight).get(0), STEPS);
    }

    private void note(String fault, String outcome) {
        FaultNotes notes = new FaultNotes("clock");
        notes.add(fault, outcome);
        notes.write(Map.of());
    }

    /** Which checkpoint is the newest is told by its step, whatever the files' dates say. */
    @Test
    void filesFromTheFutureAndFromThePast() throws Exception {
        try (Program program =
                Program.start(temp.resolve("out.txt"), "train", config.toString(), "--runs", runs.toString())) {
            program.await(() -> FaultRuns.runs(runs).stream().anyMatch(run -> FaultRuns.lines(run) > STEPS / 2));
            program.kill();
        }
        Path run = FaultRuns.runs(runs).get(0);
        Random random = new Random(1);
        try (Stream<Path> files = Files.walk(run)) {
            for (Path file : files.toList()) {
                Files.setLastModifiedTime(file, FileTime.from(
                        Instant.parse(random.nextBoolean() ? "2199-01-01T00:00:00Z" : "1971-01-01T00:00:00Z")));
            }
        }
        assertThat(FaultRuns.windtunnel("resume", run.toString()).code()).isZero();
        assertThat(run.resolve("log.txt")).content().contains("going on from the checkpoint of step");
        assertThat(FaultRuns.result(run, STEPS)).isEqualTo(expected);
        note("files dated 1971 and 2199", "went on from the newest checkpoint, same result");
    }

    /** The whole process sees a clock that is set again and again, by days and by decades. */
    @Test
    void aClockThatIsSetWhileTheRunGoesOn() throws Exception {
        Optional<Path> library = Stream.of("x86_64-linux-gnu", "aarch64-linux-gnu")
                .map(machine -> Path.of("/usr/lib", machine, "faketime", "libfaketimeMT.so.1"))
                .filter(Files::exists)
                .findFirst();
        String reason =
                Mutations.kills() < 100 ? "that takes minutes and is left to -Pfaults" : "there is no libfaketime";
        boolean possible = Mutations.kills() >= 100 && library.isPresent();
        if (!possible) {
            System.out.println("skipped: the clock is not set under a run, " + reason);
        }
        assumeTrue(possible, reason);
        Path clock = Files.writeString(temp.resolve("clock"), "+0\n");
        List<String> faked = List.of(
                "env",
                "LD_PRELOAD=" + library.get(),
                "FAKETIME_TIMESTAMP_FILE=" + clock,
                "FAKETIME_NO_CACHE=1",
                "FAKETIME_DONT_FAKE_MONOTONIC=1",
                "DONT_FAKE_MONOTONIC=1");
        Random random = new Random(2);
        int jumps = 0;
        try (Program program =
                Program.start(faked, temp.resolve("out.txt"), "train", config.toString(), "--runs", runs.toString())) {
            while (program.isAlive()) {
                Files.writeString(
                        clock,
                        (random.nextBoolean() ? "+" : "-") + random.nextInt(random.nextBoolean() ? 9 : 9000) + "d\n");
                jumps++;
                Thread.sleep(20);
            }
            assertThat(program.exitCode()).as(program.output()).isZero();
        }
        Path run = FaultRuns.runs(runs).get(0);
        assertThat(FaultRuns.result(run, STEPS)).isEqualTo(expected);
        assertThat(Files.readString(run.resolve("curve.jsonl")))
                .doesNotContain("\"time_s\":-")
                .doesNotContain("\"tokens_per_s\":-");
        System.out.printf("the clock was set %d times under a run%n", jumps);
        note("clock set " + jumps + " times", "same result, no negative times");
    }
}
