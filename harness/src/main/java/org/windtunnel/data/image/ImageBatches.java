package org.windtunnel.data.image;

import org.windtunnel.config.TrainSpec;
import org.windtunnel.config.TrainSpec.Sampling;
import org.windtunnel.data.BatchSource;
import org.windtunnel.data.Split;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/** Images in the order of a run, [B, channels, height, width], normalised, the training ones augmented. */
final class ImageBatches implements BatchSource {
    private final ImageSource source;
    private final ImagePlan plan;
    private final Augmentation augmentation;
    private final Mixup mixup;
    private final Rng order;
    private final Sampling sampling;
    private final int batch;
    private final int microBatch;
    private final int size;
    private final long[] evaluation;
    private final byte[] trainImage;
    private final byte[] testImage;
    private final float[] partner;
    private final MicroBatch tested;
    private final Mixture mixture;
    private final Prefetcher prefetcher;

    ImageBatches(
            ImageSource source,
            ImagePlan plan,
            Augmentation augmentation,
            double mixup,
            TrainSpec train,
            int microBatch,
            long seed) {
        this.source = source;
        this.plan = plan;
        this.augmentation = augmentation;
        this.batch = train.batch();
        this.mixup = new Mixup(mixup, batch, seed);
        this.order = new Rng(seed, Rng.stream("data order"));
        this.sampling = train.sampling();
        this.microBatch = microBatch;
        this.size = source.shape().channels() * source.shape().height() * source.shape().width();
        this.evaluation = plan.evaluation(train);
        this.trainImage = new byte[size];
        this.testImage = new byte[size];
        this.partner = new float[size];
        this.tested = new MicroBatch(microBatch, size);
        this.mixture = mixup > 0 ? new Mixture(new int[microBatch], new float[microBatch]) : null;
        this.prefetcher = new Prefetcher(this::fill, new MicroBatch(microBatch, size));
    }

    @Override
    public void train(long step, int first, Tensor inputs, Tensor targets) {
        MicroBatch ready = prefetcher.get(step, first);
        inputs.set(ready.pixels);
        targets.set(ready.labels);
        if (mixture != null) {
            System.arraycopy(ready.partners, 0, mixture.seconds(), 0, microBatch);
            System.arraycopy(ready.shares, 0, mixture.shares(), 0, microBatch);
        }
        boolean last = first + microBatch == batch;
        prefetcher.request(last ? step + 1 : step, last ? 0 : first + microBatch);
    }

    @Override
    public Mixture mixture() {
        return mixture;
    }

    /** On the prefetching thread, or on the training one while that is idle. */
    private void fill(long step, int first, MicroBatch into) {
        float weight = mixup.mixes() ? (float) mixup.weight(step) : 1;
        for (int i = 0; i < microBatch; i++) {
            into.labels[i] = example(step, first + i, into.pixels, i * size);
            if (mixup.mixes()) {
                into.partners[i] = example(step, mixup.partner(step, first + i), partner, 0);
                into.shares[i] = 1 - weight;
                for (int n = 0; n < size; n++) {
                    into.pixels[i * size + n] = weight * into.pixels[i * size + n] + (1 - weight) * partner[n];
                }
            }
        }
    }

    /** Writes example {@code i} of a step as it is trained on. @return its label */
    private int example(long step, int i, float[] dst, int at) {
        long sequence = Math.addExact(Math.multiplyExact(step, (long) batch), i);
        long image = plan.trainImage(order, sampling, sequence);
        source.read(Split.TRAIN, image, trainImage);
        augmentation.augmented(trainImage, sequence, dst, at);
        return source.label(Split.TRAIN, image);
    }

    @Override
    public int evaluationExamples() {
        return evaluation.length;
    }

    @Override
    public void evaluation(int first, Tensor inputs, Tensor targets) {
        int count = Math.min(microBatch, evaluation.length - first);
        for (int i = 0; i < count; i++) {
            test(evaluation[first + i], i);
        }
        tested.cut(count);
        inputs.set(tested.pixels);
        targets.set(tested.labels);
    }

    @Override
    public void diagnostic(Tensor inputs, Tensor targets) {
        for (int i = 0; i < microBatch; i++) {
            test(evaluation[i % evaluation.length], i);
        }
        inputs.set(tested.pixels);
        targets.set(tested.labels);
    }

    private void test(long image, int place) {
        source.read(Split.VALIDATION, image, testImage);
        augmentation.plain(testImage, tested.pixels, place * size);
        tested.labels[place] = source.label(Split.VALIDATION, image);
    }

    @Override
    public void close() {
        prefetcher.close();
    }
}
