package org.windtunnel.data.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.GuardSpec;
import org.windtunnel.config.ImageSpec;
import org.windtunnel.config.ImageSpec.Augment;
import org.windtunnel.config.TrainSpec;
import org.windtunnel.config.TrainSpec.Sampling;
import org.windtunnel.data.BatchSource;
import org.windtunnel.data.DataShape;
import org.windtunnel.data.Provenance;
import org.windtunnel.data.Split;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/** Order, augmentation and normalisation of images: functions of seed and step, whatever asks for them and when. */
class ImageBatchesTest {
    private static final int PIXELS = 2 * 4 * 5;
    private static final Augment ALL = new Augment(2, true, 2, 0.4);

    private final Backend backend = new CpuBackend(1);
    private final Arena arena = Arena.of(backend::allocate, backend.floatType());

    @AfterEach
    void close() {
        arena.close();
        backend.close();
    }

    /** Images of 2 channels of 4 x 5 pixels, their number in the first pixel and modulo 3 as their label. */
    private static final class Numbered implements ImageSource {
        private final int images;

        Numbered(int images) {
            this.images = images;
        }

        @Override
        public DataShape.Images shape() {
            return new DataShape.Images(2, 4, 5, 3);
        }

        @Override
        public long count(Split split) {
            return split == Split.TRAIN ? images : 20;
        }

        @Override
        public int label(Split split, long index) {
            return (int) (index % 3);
        }

        @Override
        public void read(Split split, long index, byte[] dst) {
            new Random(index + (split == Split.TRAIN ? 0 : 1_000_000)).nextBytes(dst);
            dst[0] = (byte) index;
        }

        @Override
        public Provenance provenance() {
            return new Provenance("numbered", List.of());
        }
    }

    private static ImageSpec spec(Long trainExamples, Augment augment) {
        return new ImageSpec.Shapes(16, 1, 2, 0, trainExamples, 1, augment, 1);
    }

    private static ImageDataset data(int images, Long trainExamples, Augment augment) {
        return new ImageDataset(new Numbered(images), spec(trainExamples, augment));
    }

    private static TrainSpec train(int batch, Sampling sampling, int evaluation) {
        return new TrainSpec(null, 10L, batch, null, 1, TrainSpec.Loss.CROSS_ENTROPY, 0, 1, 0, evaluation, 3, sampling,
                new GuardSpec(GuardSpec.OnDivergence.STOP, GuardSpec.OnSpike.IGNORE, GuardSpec.Watched.LOSS, 6, 64, 10, 3));
    }

    private record Batch(float[] pixels, int[] labels) {}

    private Batch get(BatchSource source, int microBatch, long step, int first) {
        Tensor inputs = arena.take(microBatch, 2, 4, 5);
        Tensor targets = arena.take(DType.INT32, microBatch);
        source.train(step, first, inputs, targets);
        return new Batch(inputs.toFloats(), targets.toInts());
    }

    /** One step, in micro-batches. */
    private Batch step(BatchSource source, int batch, int microBatch, long step) {
        float[] pixels = new float[batch * PIXELS];
        int[] labels = new int[batch];
        for (int first = 0; first < batch; first += microBatch) {
            Batch part = get(source, microBatch, step, first);
            System.arraycopy(part.pixels, 0, pixels, first * PIXELS, part.pixels.length);
            System.arraycopy(part.labels, 0, labels, first, microBatch);
        }
        return new Batch(pixels, labels);
    }

    private static void assertSame(Batch a, Batch b) {
        assertThat(a.labels).isEqualTo(b.labels);
        assertThat(a.pixels).isEqualTo(b.pixels);
    }

    @ParameterizedTest
    @EnumSource(Sampling.class)
    void aStepIsTheSameInAnySplitAndOrder(Sampling sampling) {
        ImageDataset data = data(50, null, ALL);
        TrainSpec train = train(12, sampling, 4);
        try (BatchSource whole = data.batches(1, train, 12, 7);
                BatchSource parts = data.batches(1, train, 4, 7);
                BatchSource jumping = data.batches(1, train, 12, 7);
                BatchSource otherSeed = data.batches(1, train, 12, 8)) {
            Batch[] steps = new Batch[9];
            for (int t = 0; t < steps.length; t++) {
                steps[t] = step(whole, 12, 12, t);
                assertSame(step(parts, 12, 4, t), steps[t]);
            }
            for (int t : new int[] {8, 3, 4, 3, 0}) {
                assertSame(step(jumping, 12, 12, t), steps[t]);
            }
            assertThat(step(otherSeed, 12, 12, 0).pixels).isNotEqualTo(steps[0].pixels);
        }
    }

    /** Recovers image numbers from the first pixel. */
    private long number(ImageDataset data, float pixel) {
        double mean = ((double[]) data.facts().get("pixel_mean"))[0];
        double std = ((double[]) data.facts().get("pixel_std"))[0];
        return Math.round((pixel * std + mean) * 255);
    }

    @Test
    void anEpochHasEveryImageOfTheSubsetOnceAndSubsetsAreNested() {
        Set<Long> smaller = Set.of();
        for (long used : new long[] {10, 20, 40}) {
            ImageDataset data = data(200, used, Augment.NONE);
            Set<Long> seen = new HashSet<>();
            try (BatchSource source = data.batches(1, train(10, Sampling.SHUFFLED, 4), 10, 3)) {
                for (int t = 0; t < used / 10; t++) {
                    Batch batch = get(source, 10, t, 0);
                    for (int i = 0; i < 10; i++) {
                        long number = number(data, batch.pixels[i * PIXELS]);
                        assertThat(seen.add(number)).isTrue();
                        assertThat(batch.labels[i]).isEqualTo(number % 3);
                    }
                }
            }
            assertThat(seen).hasSize((int) used).containsAll(smaller);
            smaller = seen;
        }
        assertThatThrownBy(() -> data(5, 6L, Augment.NONE)).isInstanceOf(ConfigException.class)
                .hasMessageContaining("data.train_examples: expected at most 5");
    }

    @Test
    void trainingImagesAreNormalisedByTheirChannels() {
        try (BatchSource source = data(40, null, Augment.NONE).batches(1, train(40, Sampling.SHUFFLED, 4), 40, 3)) {
            float[] pixels = get(source, 40, 0, 0).pixels;
            for (int c = 0; c < 2; c++) {
                double sum = 0;
                double squares = 0;
                for (int n = 0; n < pixels.length; n++) {
                    if (n / 20 % 2 == c) {
                        sum += pixels[n];
                        squares += pixels[n] * pixels[n];
                    }
                }
                assertThat(sum / 800).isEqualTo(0, within(1e-5));
                assertThat(squares / 800).isEqualTo(1, within(1e-5));
            }
        }
    }

    @Test
    void theEvaluationIsFixedAndItsRestLeavesTheLoss() {
        ImageDataset data = data(40, null, ALL);
        Tensor inputs = arena.take(4, 2, 4, 5);
        Tensor targets = arena.take(DType.INT32, 4);
        try (BatchSource source = data.batches(1, train(4, Sampling.SHUFFLED, 10), 4, 3)) {
            assertThat(source.evaluationExamples()).isEqualTo(10);
            source.evaluation(8, inputs, targets);
            assertThat(targets.toInts()).containsExactly(16 % 3, 18 % 3, -1, -1);
            source.diagnostic(inputs, targets);
            assertThat(targets.toInts()).containsExactly(0, 2, 4 % 3, 6 % 3);
        }
        assertThatThrownBy(() -> data.batches(1, train(4, Sampling.SHUFFLED, 21), 4, 3))
                .isInstanceOf(ConfigException.class).hasMessageContaining("expected at most 20");
    }

    private static float[] augmented(Augment augment, byte[] image, long sequence) {
        float[][] levels = new float[2][256];
        for (int v = 0; v < 256; v++) {
            levels[0][v] = v;
            levels[1][v] = v + 1000;
        }
        float[] out = new float[PIXELS];
        new Augmentation(augment, new DataShape.Images(2, 4, 5, 3), levels, 1).augmented(image, sequence, out, 0);
        return out;
    }

    /** Every augmented image is one of the images that moving and mirroring can give, and all of these occur. */
    @Test
    void cropsAndFlipsAreMovedAndMirroredImages() {
        byte[] image = new byte[PIXELS];
        for (int n = 0; n < PIXELS; n++) {
            image[n] = (byte) (n + 1);
        }
        Set<List<Float>> possible = new HashSet<>();
        for (int down = -1; down <= 1; down++) {
            for (int right = -1; right <= 1; right++) {
                for (boolean flip : new boolean[] {false, true}) {
                    possible.add(list(moved(image, down, right, flip)));
                }
            }
        }
        Set<List<Float>> seen = new HashSet<>();
        for (int s = 0; s < 500; s++) {
            seen.add(list(augmented(new Augment(1, true, 0, 0), image, s)));
        }
        assertThat(seen).isEqualTo(possible).hasSize(18);
    }

    private static float[] moved(byte[] image, int down, int right, boolean flip) {
        float[] out = new float[PIXELS];
        for (int n = 0; n < PIXELS; n++) {
            int c = n / 20;
            int y = n / 5 % 4 + down;
            int x = (flip ? 4 - n % 5 : n % 5) + right;
            boolean inside = y >= 0 && y < 4 && x >= 0 && x < 5;
            out[n] = (inside ? image[c * 20 + y * 5 + x] : 0) + 1000 * c;
        }
        return out;
    }

    private static List<Float> list(float[] values) {
        List<Float> list = new ArrayList<>();
        for (float v : values) {
            list.add(v);
        }
        return list;
    }

    @Test
    void cutoutBlanksASquareInAllChannels() {
        byte[] image = new byte[PIXELS];
        Arrays.fill(image, (byte) 9);
        Set<Integer> sizes = new HashSet<>();
        for (int s = 0; s < 300; s++) {
            float[] out = augmented(new Augment(0, false, 3, 0), image, s);
            int blank = 0;
            for (int p = 0; p < 20; p++) {
                assertThat(out[p] == 0).isEqualTo(out[20 + p] == 0);
                blank += out[p] == 0 ? 1 : 0;
            }
            sizes.add(blank);
        }
        assertThat(sizes).containsExactlyInAnyOrder(9, 6, 4);
    }

    /** Mean 1/2 and variance 1 / (4 (2α + 1)) of the Beta distribution, and everyone is a partner once. */
    @Test
    void mixupDrawsFromABetaDistribution() {
        for (double alpha : new double[] {0.2, 1, 3}) {
            Mixup mixup = new Mixup(alpha, 8, 5);
            int n = 20_000;
            double sum = 0;
            double squares = 0;
            for (int t = 0; t < n; t++) {
                double w = mixup.weight(t);
                sum += w;
                squares += (w - 0.5) * (w - 0.5);
            }
            double variance = 1 / (4 * (2 * alpha + 1));
            assertThat(sum / n).isEqualTo(0.5, within(4 * Math.sqrt(variance / n)));
            assertThat(squares / n).isEqualTo(variance, within(0.03 * variance));
            Set<Integer> partners = new HashSet<>();
            for (int i = 0; i < 8; i++) {
                partners.add(mixup.partner(3, i));
            }
            assertThat(partners).hasSize(8);
        }
    }
}
