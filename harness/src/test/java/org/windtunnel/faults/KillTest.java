package org.windtunnel.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.checkpoint.Checkpoints;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.record.RunStatus;

/** Processes killed with signal 9 at random moments, until their runs are done all the same. */
@Tag("faults")
class KillTest {
    private static final int STEPS = 600;

    @TempDir
    Path temp;

    @Test
    void aRunThatIsKilledAgainAndAgainIsTheRunThatWasNot() throws Exception {
        Random random = new Random(9);
        int kills = 0;
        int resumed = 0;
        FaultNotes notes = new FaultNotes("process of a run");
        for (int seed = 1; kills < Mutations.kills(); seed++) {
            Path config = Files.writeString(temp.resolve("x.yaml"), FaultRuns.yaml(STEPS, 10) + "seed: " + seed + "\n");
            Path straight = temp.resolve("straight-" + seed);
            Path runs = temp.resolve("runs-" + seed);
            assertThat(FaultRuns.windtunnel("train", config.toString(), "--runs", straight.toString()).code()).isZero();
            boolean done = false;
            while (!done) {
                long from = lines(runs);
                NavigableMap<Long, Path> before = checkpoints(runs);
                boolean last = kills >= Mutations.kills();
                try (Program program =
                        Program.start(temp.resolve("out.txt"), "train", config.toString(), "--runs", runs.toString())) {
                    String moment = last ? null : await(program, runs, from, random);
                    done = last ? program.exitCode() == 0 : !program.isAlive();
                    if (!done) {
                        program.kill();
                        kills++;
                        before = acknowledged(runs, before);
                        resumed += before.isEmpty() ? 0 : 1;
                        notes.add("kill -9 while " + moment, before.isEmpty() ? "starts over, same result"
                                : "goes on from a checkpoint, same result");
                    }
                }
            }
            Path run = FaultRuns.runs(runs).get(0);
            assertThat(RunDirectory.statusOf(run)).contains(RunStatus.DONE);
            assertThat(FaultRuns.result(run, STEPS))
                    .isEqualTo(FaultRuns.result(FaultRuns.runs(straight).get(0), STEPS));
            System.out.printf("%d runs done in spite of %d kills%n", seed, kills);
        }
        System.out.printf("%d kills, %d of them with a checkpoint to go on from%n", kills, resumed);
        notes.write(Map.of());
    }

    /** What was there under its name before a kill is there after it, and whole. */
    private static NavigableMap<Long, Path> acknowledged(Path runs, NavigableMap<Long, Path> before) {
        NavigableMap<Long, Path> after = checkpoints(runs);
        if (!before.isEmpty()) {
            assertThat(after.lastKey()).isGreaterThanOrEqualTo(before.lastKey());
        }
        for (long step : after.keySet()) {
            assertThat(new Checkpoints(FaultRuns.runs(runs).get(0)).at(step).meta().step()).isEqualTo(step);
        }
        return after;
    }

    /** Waits for a moment: mostly some way into the training, now and then while the program starts or sets up. */
    private static String await(Program program, Path runs, long from, Random random) throws InterruptedException {
        int kind = random.nextInt(10);
        if (kind == 0) {
            Thread.sleep(random.nextInt(1000));
            return "starting";
        }
        long target = from + random.nextInt(120);
        while (program.isAlive() && lines(runs) <= target && (kind > 2 || !owned(runs))) {
            Thread.sleep(1);
        }
        Thread.sleep(0, random.nextInt(1_000_000));
        return kind > 2 ? "training" : "setting up";
    }

    private static boolean owned(Path runs) {
        return FaultRuns.runs(runs).stream().anyMatch(RunDirectory::isOwned);
    }

    private static long lines(Path runs) {
        return FaultRuns.runs(runs).stream().mapToLong(FaultRuns::lines).sum();
    }

    private static NavigableMap<Long, Path> checkpoints(Path runs) {
        List<Path> found = FaultRuns.runs(runs);
        return found.isEmpty() ? new TreeMap<>() : new Checkpoints(found.get(0)).list();
    }

    /** The process that plans the sweep, or one of its workers, dies; every sweep started again does what is missing. */
    @Test
    void aSweepWhoseProcessesDieDoesEveryRunOnceAndRight() throws Exception {
        Path config = Files.writeString(temp.resolve("x.yaml"), FaultRuns.yaml(300, 10) + """
                sweep:
                  workers: 2
                  grids: [{optimizer.lr: [0.001, 0.002, 0.004, 0.008]}]
                """);
        Path straight = temp.resolve("straight");
        Path runs = temp.resolve("runs");
        assertThat(FaultRuns.windtunnel("sweep", config.toString(), "--runs", straight.toString()).code()).isZero();
        Random random = new Random(4);
        int planners = 0;
        int workers = 0;
        int wanted = Math.max(2, Mutations.kills() / 10);
        int code = -1;
        while (code != 0) {
            try (Program program =
                    Program.start(temp.resolve("out.txt"), "sweep", config.toString(), "--runs", runs.toString())) {
                boolean planned = true;
                while (planned && planners + workers < wanted) {
                    long target = lines(runs) + 1 + random.nextInt(300);
                    while (program.isAlive() && lines(runs) <= target) {
                        Thread.sleep(2);
                    }
                    planned = program.isAlive() && planners > workers / 2;
                    if (planned) {
                        workers++;
                        program.children().stream()
                                .skip(random.nextInt(2))
                                .findFirst()
                                .ifPresent(ProcessHandle::destroyForcibly);
                    }
                }
                if (!planned && program.isAlive()) {
                    planners++;
                    Program.signal(program.pid(), "KILL");
                }
                code = program.exitCode();
                settle(runs);
            }
        }
        System.out.printf("%d sweeps and %d workers killed%n", planners, workers);
        FaultNotes notes = new FaultNotes("process of a sweep");
        for (int i = 0; i < planners + workers; i++) {
            notes.add(
                    i < planners ? "kill -9 of the sweep" : "kill -9 of a worker", "every run done once, same result");
        }
        List<String> results = new ArrayList<>();
        for (Path run : FaultRuns.runs(straight)) {
            results.add(FaultRuns.result(run, 300));
        }
        assertThat(FaultRuns.runs(runs)).hasSize(4).extracting(run -> FaultRuns.result(run, 300)).isEqualTo(results);
        notes.write(Map.of());
    }

    /** The workers of a dead sweep save their runs and end by themselves. */
    private static void settle(Path runs) throws InterruptedException {
        long end = System.nanoTime() + 600_000_000_000L;
        while (owned(runs)) {
            assertThat(System.nanoTime()).as("workers outlive their sweep").isLessThan(end);
            Thread.sleep(10);
        }
    }

    /** Two schedulers start the same sweep: each run is done by one of them. */
    @Test
    void twoSweepsAtOnceShareTheRuns() throws Exception {
        Path config = Files.writeString(temp.resolve("x.yaml"), FaultRuns.yaml(200, 50) + """
                sweep:
                  grids: [{optimizer.lr: [0.001, 0.002, 0.004]}]
                """);
        Path runs = temp.resolve("runs");
        String[] command = {"sweep", config.toString(), "--runs", runs.toString()};
        try (Program one = Program.start(temp.resolve("one.txt"), command);
                Program other = Program.start(temp.resolve("other.txt"), command)) {
            assertThat(List.of(one.exitCode(), other.exitCode())).as(one.output() + other.output()).isSubsetOf(0, 75);
        }
        assertThat(FaultRuns.windtunnel(command).code()).isZero();
        assertThat(FaultRuns.runs(runs)).hasSize(3).allSatisfy(run -> {
            assertThat(RunDirectory.statusOf(run)).contains(RunStatus.DONE);
            assertThat(FaultRuns.lines(run)).isEqualTo(200);
        });
    }
}
