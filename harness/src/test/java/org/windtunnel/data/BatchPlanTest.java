package org.windtunnel.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.TrainSpec.Sampling;
import org.windtunnel.tensor.Rng;

class BatchPlanTest {
    private static TokenCorpus corpus(int train, int validation) {
        return new StoredCorpus(
                256, bytes(train), bytes(validation), 1, 1, new Provenance("test", List.of()));
    }

    private static TokenBuffer bytes(int length) {
        byte[] b = new byte[length];
        for (int i = 0; i < length; i++) {
            b[i] = (byte) (i * 31 + i / 256);
        }
        return TokenBuffer.of(1, List.of(ByteBuffer.wrap(b)));
    }

    private static long[] step(BatchPlan plan, long step) {
        long[] offsets = new long[plan.batch()];
        plan.offsets(step, 0, plan.batch(), offsets);
        return offsets;
    }

    @Test
    void everyWindowIsSeenOnceAnEpoch() {
        BatchPlan plan = new BatchPlan(corpus(1001, 100), 10, 7, Sampling.SHUFFLED, 3);
        assertThat(plan.windowsPerEpoch()).isEqualTo(100);
        long[] seen = LongStream.range(0, 200)
                .flatMap(step -> Arrays.stream(step(plan, step)))
                .toArray();
        long[] all = LongStream.range(0, 100).map(i -> i * 10).toArray();
        for (int epoch = 0; epoch < 14; epoch++) {
            long[] one = Arrays.copyOfRange(seen, epoch * 100, epoch * 100 + 100);
            assertThat(one).isNotEqualTo(all);
            assertThat(one).containsExactlyInAnyOrder(all);
        }
        assertThat(Arrays.copyOfRange(seen, 0, 100)).isNotEqualTo(Arrays.copyOfRange(seen, 100, 200));
    }

    @ParameterizedTest
    @EnumSource(Sampling.class)
    void splittingAStepDoesNotChangeIt(Sampling sampling) {
        BatchPlan plan = new BatchPlan(corpus(5000, 100), 16, 12, sampling, 9);
        for (int micro : new int[] {1, 2, 3, 4, 6, 12}) {
            long[] joined = new long[12];
            long[] part = new long[micro];
            for (int first = 0; first < 12; first += micro) {
                plan.offsets(5, first, micro, part);
                System.arraycopy(part, 0, joined, first, micro);
            }
            assertThat(joined).isEqualTo(step(plan, 5));
        }
    }

    @ParameterizedTest
    @EnumSource(Sampling.class)
    void dependsOnSeedAndStepAlone(Sampling sampling) {
        TokenCorpus corpus = corpus(5000, 100);
        BatchPlan plan = new BatchPlan(corpus, 16, 8, sampling, 1);
        step(plan, 3);
        BatchPlan again = new BatchPlan(corpus, 16, 8, sampling, 1);
        assertThat(step(again, 40)).isEqualTo(step(plan, 40));
        assertThat(step(new BatchPlan(corpus, 16, 8, sampling, 2), 40)).isNotEqualTo(step(plan, 40));
        assertThat(step(plan, 41)).isNotEqualTo(step(plan, 40));
    }

    @Test
    void randomOffsetsReachBothEndsEvenly() {
        BatchPlan plan = new BatchPlan(corpus(14, 100), 10, 100, Sampling.RANDOM, 1);
        Map<Long, Integer> counts = new HashMap<>();
        for (int t = 0; t < 100; t++) {
            Arrays.stream(step(plan, t)).forEach(o -> counts.merge(o, 1, Integer::sum));
        }
        assertThat(counts.keySet()).containsExactlyInAnyOrder(0L, 1L, 2L, 3L);
        assertThat(counts.values()).allSatisfy(n -> assertThat(n).isBetween(2300, 2700));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 16, 17, 63, 64, 65, 1000, 4097})
    void permutationIsOneToOne(long n) {
        Rng rng = new Rng(7, 1);
        for (long which = 0; which < 3; which++) {
            long k = which;
            long[] image = LongStream.range(0, n).map(i -> Permutation.apply(rng, k, n, i)).sorted().toArray();
            assertThat(image).isEqualTo(LongStream.range(0, n).toArray());
        }
    }

    /** Where item 0 of five lands, and which item follows it, over many permutations: chi-square with 4 and 3 degrees. */
    @Test
    void permutationsOfFewItemsAreEven() {
        Rng rng = new Rng(11, 1);
        int[] place = new int[5];
        int[] next = new int[5];
        int trials = 20_000;
        for (int which = 0; which < trials; which++) {
            long[] image = new long[5];
            for (int i = 0; i < 5; i++) {
                image[i] = Permutation.apply(rng, which, 5, i);
            }
            place[(int) image[0]]++;
            next[(int) Math.floorMod(image[1] - image[0], 5L)]++;
        }
        assertThat(chiSquare(place, 0, trials / 5.0)).isLessThan(25);
        assertThat(next[0]).isZero();
        assertThat(chiSquare(next, 1, trials / 4.0)).isLessThan(25);
    }

    private static double chiSquare(int[] counts, int from, double expected) {
        return IntStream.range(from, counts.length)
                .mapToDouble(i -> (counts[i] - expected) * (counts[i] - expected) / expected)
                .sum();
    }

    @Test
    void permutationOfAHugeDomainStaysInsideAndDoesNotCollide() {
        Rng rng = new Rng(7, 1);
        long n = (1L << 50) / 128;
        Set<Long> seen = new HashSet<>();
        for (long i = 0; i < 10_000; i++) {
            long image = Permutation.apply(rng, 0, n, i);
            assertThat(image).isBetween(0L, n - 1);
            assertThat(seen.add(image)).isTrue();
        }
    }

    @Test
    void evaluationIsSpacedEvenlyAndDoesNotOverlap() {
        TokenCorpus corpus = corpus(100, 1000);
        long[] offsets = BatchPlan.evaluation(corpus, 10, 33);
        assertThat(offsets).hasSize(33).startsWith(0);
        for (int i = 1; i < offsets.length; i++) {
            assertThat(offsets[i] - offsets[i - 1]).isIn(30L, 20L, 40L);
        }
        assertThat(offsets[32] + 11).isLessThanOrEqualTo(1000);
        assertThat(BatchPlan.evaluation(corpus, 10, 99))
                .isEqualTo(LongStream.range(0, 99).map(i -> 10 * i).toArray());
    }

    @Test
    void targetsAreInputsShiftedByOne() {
        TokenCorpus corpus = corpus(1000, 100);
        long[] offsets = {7, 900, 989, 0};
        int[] inputs = new int[30];
        int[] targets = new int[30];
        Batches.fill(corpus, Split.TRAIN, offsets, 1, 3, 10, inputs, targets);
        int[] tokens = new int[1000];
        corpus.read(Split.TRAIN, 0, 1000, tokens, 0);
        for (int row = 0; row < 3; row++) {
            int o = (int) offsets[row + 1];
            assertThat(Arrays.copyOfRange(inputs, 10 * row, 10 * row + 10))
                    .isEqualTo(Arrays.copyOfRange(tokens, o, o + 10));
            assertThat(Arrays.copyOfRange(targets, 10 * row, 10 * row + 10))
                    .isEqualTo(Arrays.copyOfRange(tokens, o + 1, o + 11));
        }
    }

    @Test
    void tooLittleDataIsSaidPlainly() {
        TokenCorpus corpus = corpus(64, 20);
        assertThatThrownBy(() -> new BatchPlan(corpus, 64, 4, Sampling.SHUFFLED, 1))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("at least 65 training tokens")
                .hasMessageContaining("found 64");
        assertThat(new BatchPlan(corpus, 63, 1, Sampling.SHUFFLED, 1).windowsPerEpoch()).isEqualTo(1);
        assertThatThrownBy(() -> BatchPlan.evaluation(corpus, 64, 1)).hasMessageContaining("validation tokens");
        assertThatThrownBy(() -> BatchPlan.evaluation(corpus, 5, 4))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("at most 3");
    }
}
