package org.windtunnel.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.windtunnel.checkpoint.Checkpoints;

/** A process that trains every combination past its hundredth step, holds them all there, and waits to be killed. */
final class KilledRuns {
    static final String READY = "every run is past step 100";

    private static final String HELD = "held";
    private static final int KEPT_BY_CHECKPOINT = 100;
    private static final long PATIENCE_NANOS = TimeUnit.MINUTES.toNanos(1);

    private KilledRuns() {}

    static Process start(Path directory) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules",
                        "jdk.incubator.vector",
                        "-Xmx512m",
                        // Every run that is held has a page of 16 MB for its checkpoints.
                        "-XX:MaxDirectMemorySize=1g",
                        "-cp",
                        System.getProperty("java.class.path"),
                        KilledRuns.class.getName(),
                        directory.toString())
                .redirectError(directory.resolve("victim.log").toFile())
                .start();
    }

    public static void main(String[] args) throws InterruptedException {
        List<String> combinations = ResumableRuns.combinations();
        for (int i = 0; i < combinations.size(); i++) {
            hold(Path.of(args[0]), combinations.get(i), KEPT_BY_CHECKPOINT + 7 + 5 * i % 40);
        }
        System.out.println(READY);
        new CountDownLatch(1).await();
    }

    /**
     * Trains to the middle of a run and stays there, with all of the run's files open.
     *
     * @throws IllegalStateException if the run ends before, as a run that diverges does
     */
    static void hold(Path directory, String combination, long step) throws InterruptedException {
        CompletableFuture<String> there = new CompletableFuture<>();
        Thread run = new Thread(() -> {
            try (RunExecutor executor = new RunExecutor(Path.of("."))) {
                RunJob job = ResumableRuns.job(
                        combination, "{every: 50, every_seconds: 0, keep_last: 3, at_end: true}");
                Path at = directory.resolve(combination);
                RunOutcome outcome = executor.execute(job, at, (done, steps, loss, speed) -> {
                    if (done == step) {
                        awaitCheckpoint(at);
                        there.complete(HELD);
                        forever();
                    }
                });
                there.complete(outcome.status() + " after " + outcome.steps() + " steps");
            } catch (RuntimeException e) {
                there.complete(e.toString());
            }
        });
        // So that the process ends with its main thread.
        run.setDaemon(true);
        run.start();
        String end = there.join();
        if (!end.equals(HELD)) {
            throw new IllegalStateException(
                    "expected " + combination + " to train beyond step " + step + ", found it " + end);
        }
    }

    private static void awaitCheckpoint(Path run) {
        long start = System.nanoTime();
        while (!new Checkpoints(run).list().containsKey((long) KEPT_BY_CHECKPOINT)) {
            if (System.nanoTime() - start > PATIENCE_NANOS) {
                throw new IllegalStateException("expected a checkpoint of step " + KEPT_BY_CHECKPOINT + " within a minute");
            }
            Thread.onSpinWait();
        }
    }

    private static void forever() {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
