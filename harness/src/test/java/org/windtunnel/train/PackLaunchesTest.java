package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.windtunnel.backend.cuda.CountingCard;
import org.windtunnel.backend.cuda.CudaBackend;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.backend.cuda.stack.CudaStack;

/** What a sweep of 16 runs asks of a card, at once and one after the other; prints the table that gpu/README.md has. */
class PackLaunchesTest {
    private static final int RUNS = 16;
    private static final int STEPS = 3;
    private static final int MICRO_BATCHES = 2;
    /** Of what one run has the card do, for products that are a batch already and zeros of each run. */
    private static final double MOST = 1.25;

    @TempDir
    Path temp;

    private int folders;

    /**
     * What the card is asked for by all runs together.
     *
     * @param work kernels, products, copies and zeros
     * @param calls of the host: graphs, launches by themselves, transfers
     */
    private record Count(long work, long calls) {
        Count minus(Count other) {
            return new Count(work - other.work, calls - other.calls);
        }

        Count times(int runs) {
            return new Count(runs * work, runs * calls);
        }
    }

    private static String yaml(String model, int batch, int steps, int evalEvery) {
        return """
                name: counted
                %s
                optimizer: {type: adamw, lr: %%s, weight_decay: 0.1}
                train: {steps: %d, batch: %d, clip: 1, eval_every: %d, eval_sequences: %d}
                checkpoint: {every_seconds: 0}
                """.formatted(model, steps, batch, evalEvery, batch * MICRO_BATCHES);
    }

    private Count count(String yaml, int runs) {
        List<RunJob> jobs = new ArrayList<>();
        List<Path> directories = new ArrayList<>();
        for (int run = 0; run < runs; run++) {
            jobs.add(ResumableRuns.job("counted", yaml.formatted(1e-3 * (1 + run)), null));
            directories.add(temp.resolve("run" + folders++));
        }
        CountingCard card = new CountingCard();
        List<RunOutcome> outcomes = Collections.synchronizedList(new ArrayList<>());
        new PackExecutor(Path.of("."), new Preemption(),
                (spec, wanted, rehearsal) -> CudaStack.open(card.device(), Operands.FP32, wanted, rehearsal),
                spec -> new CudaBackend(card.device(), Operands.FP32))
                .execute(jobs, directories, new PackExecutor.Listener() {
                    @Override
                    public void progress(int run, long step, long steps, double loss, Speed speed) {}

                    @Override
                    public void ended(int run, RunOutcome outcome) {
                        outcomes.add(outcome);
                    }

                    @Override
                    public void failed(int run, Throwable cause) {
                        throw new IllegalStateException(cause);
                    }

                    @Override
                    public void left(int run) {}
                });
        // No run ends well: a mean over the targets of an evaluation is 0 / 0 on this card.
        assertThat(outcomes).hasSize(runs).allMatch(outcome -> outcome.steps() >= 2 * STEPS);
        return new Count(card.work(), card.calls());
    }

    /** Of a step, and of an evaluation of two micro-batches: what one more of them takes more. */
    private Count[] counts(String model, int batch, int runs) {
        Count whole = count(yaml(model, batch, 2 * STEPS, 0), runs);
        Count more = count(yaml(model, batch, 2 * STEPS + 1, 0), runs).minus(whole);
        return new Count[] {more, count(yaml(model, batch, 2 * STEPS, STEPS), runs).minus(whole)};
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "GPT, width 128, 4 blocks | {family: gpt, width: 128, depth: 4, head_dim: 32, context: 256}"
                + " | {type: markov, vocab: 256, validation_tokens: 20000} | 16",
        "ResNet-20, drop path, mixup | {family: resnet, depth: 20, width: 4, drop_path: 0.1, label_smoothing: 0.1}"
                + " | {type: shapes, channels: 3, classes: 10, augment: {mixup: 0.2}} | 8"})
    void aPackTakesAsMuchWorkAsARun(String name, String model, String data, int batch) {
        String given = "model: " + model + "\ndata: " + data;
        Count[] one = counts(given, batch, 1);
        Count[] pack = counts(given, batch, RUNS);
        String[] what = {"a step", "an evaluation"};
        for (int i = 0; i < what.length; i++) {
            System.out.printf("%s, %s of %d runs: one after the other %s, at once %s%n", name, what[i], RUNS,
                    one[i].times(RUNS), pack[i]);
            assertThat(pack[i].work()).as(what[i]).isBetween(one[i].work(), (long) (MOST * one[i].work()) + RUNS);
            assertThat(pack[i].calls()).as(what[i]).isLessThan(one[i].times(RUNS).calls());
        }
    }
}
