package org.windtunnel.data.image;

import org.windtunnel.config.ConfigException;
import org.windtunnel.config.TrainSpec;
import org.windtunnel.config.TrainSpec.Sampling;
import org.windtunnel.data.Permutation;
import org.windtunnel.data.Split;
import org.windtunnel.tensor.Rng;

/**
 * Which image is which: the fixed subset that a run trains on, the order of a run, and the evaluation set.
 *
 * <p>Example i of 0-based step t is example s = t · batch + i of the run. SHUFFLED walks through a fresh permutation of the
 * subset each epoch, RANDOM draws each from it evenly, and of an endless source example s is image s.
 */
final class ImagePlan {
    private final Rng subset = new Rng(0, Rng.stream("subset"));
    private final long available;
    private final long used;
    private final long testImages;

    /**
     * @param trainExamples images trained on; null for all
     * @throws ConfigException if there are fewer
     */
    ImagePlan(ImageSource source, Long trainExamples) {
        this.available = source.count(Split.TRAIN);
        this.used = trainExamples == null ? available : trainExamples;
        this.testImages = source.count(Split.VALIDATION);
        if (used > available) {
            throw new ConfigException("data.train_examples: expected at most " + available
                    + ", the images of the training set, found " + used);
        }
    }

    /** Images trained on; {@link ImageSource#ENDLESS} if they never repeat. */
    long trainExamples() {
        return used;
    }

    /** Image number {@code i} of those trained on. The first are the same whatever their number. */
    long trainImage(long i) {
        return used == available ? i : Permutation.apply(subset, 0, available, i);
    }

    /** Image of example {@code sequence} of a run. */
    long trainImage(Rng order, Sampling sampling, long sequence) {
        if (used == ImageSource.ENDLESS) {
            return sequence;
        }
        return trainImage(sampling == Sampling.RANDOM
                ? order.below(sequence, used)
                : Permutation.apply(order, sequence / used, used, sequence % used));
    }

    /**
     * Images of the fixed evaluation set, evenly spaced over the test set.
     *
     * @throws ConfigException if that is smaller than what was asked for
     */
    long[] evaluation(TrainSpec train) {
        int examples = train.evaluatedImages(testImages);
        long[] images = new long[examples];
        for (int i = 0; i < examples; i++) {
            images[i] = i * testImages / examples;
        }
        return images;
    }
}
