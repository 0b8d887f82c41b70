package org.windtunnel.interop.dl4j;

import java.util.Arrays;
import org.windtunnel.config.TrainSpec;
import org.windtunnel.config.TrainSpec.Sampling;
import org.windtunnel.data.BatchSource;
import org.windtunnel.data.DataShape;
import org.windtunnel.data.Permutation;
import org.windtunnel.interop.dl4j.IteratorDataset.Examples;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/** Examples in the order of a run: every one once an epoch, or at random. */
final class IteratorBatches implements BatchSource {
    private final Examples train;
    private final Examples validation;
    private final Rng order;
    private final Sampling sampling;
    private final int batch;
    private final int microBatch;
    private final int evaluated;
    private final int size;
    private final float[] pixels;
    private final int[] classes;

    IteratorBatches(
            DataShape.Images shape, Examples train, Examples validation, TrainSpec spec, int microBatch, long seed) {
        this.train = train;
        this.validation = validation;
        this.order = new Rng(seed, Rng.stream("data order"));
        this.sampling = spec.sampling();
        this.batch = spec.batch();
        this.microBatch = microBatch;
        this.evaluated = spec.evaluatedImages(validation.count());
        this.size = shape.channels() * shape.height() * shape.width();
        this.pixels = new float[microBatch * size];
        this.classes = new int[microBatch];
    }

    @Override
    public void train(long step, int first, Tensor inputs, Tensor targets) {
        for (int i = 0; i < microBatch; i++) {
            long sequence = Math.addExact(Math.multiplyExact(step, (long) batch), first + i);
            long n = train.count();
            long index = sampling == Sampling.RANDOM
                    ? order.below(sequence, n)
                    : Permutation.apply(order, sequence / n, n, sequence % n);
            put(train, (int) index, i);
        }
        hand(inputs, targets);
    }

    @Override
    public int evaluationExamples() {
        return evaluated;
    }

    @Override
    public void evaluation(int first, Tensor inputs, Tensor targets) {
        int count = Math.min(microBatch, evaluated - first);
        for (int i = 0; i < count; i++) {
            put(validation, evaluationExample(first + i), i);
        }
        Arrays.fill(classes, count, microBatch, -1);
        hand(inputs, targets);
    }

    @Override
    public void diagnostic(Tensor inputs, Tensor targets) {
        for (int i = 0; i < microBatch; i++) {
            put(validation, evaluationExample(i % evaluated), i);
        }
        hand(inputs, targets);
    }

    /** Evenly spaced, for data sets that are sorted by class. */
    private int evaluationExample(int i) {
        return (int) ((long) i * validation.count() / evaluated);
    }

    private void put(Examples from, int index, int place) {
        System.arraycopy(from.pixels().get(index), 0, pixels, place * size, size);
        classes[place] = from.classes().get(index);
    }

    private void hand(Tensor inputs, Tensor targets) {
        inputs.set(pixels);
        targets.set(classes);
    }
}
