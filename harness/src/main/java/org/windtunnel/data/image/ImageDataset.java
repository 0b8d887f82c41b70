package org.windtunnel.data.image;

import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.config.ImageSpec;
import org.windtunnel.config.TrainSpec;
import org.windtunnel.data.BatchSource;
import org.windtunnel.data.DataShape;
import org.windtunnel.data.Dataset;
import org.windtunnel.data.Provenance;
import org.windtunnel.data.Split;

/** Labelled images, normalised by the channel statistics of the training images that are used. */
public final class ImageDataset implements Dataset {
    /** Images that the statistics of an endless source are computed from. */
    private static final int SAMPLE = 4096;

    private final ImageSource source;
    private final ImageSpec spec;
    private final ImagePlan plan;
    private final ChannelStatistics statistics;

    ImageDataset(ImageSource source, ImageSpec spec) {
        this.source = source;
        this.spec = spec;
        this.plan = new ImagePlan(source, spec.trainExamples());
        boolean endless = plan.trainExamples() == ImageSource.ENDLESS;
        int count = endless ? SAMPLE : Math.toIntExact(plan.trainExamples());
        this.statistics = ChannelStatistics.of(source, count, plan::trainImage);
    }

    /** Whether another spec differs in nothing but the subset trained on and the augmentation. */
    public boolean hasSourceOf(ImageSpec other) {
        return spec.source().equals(other.source());
    }

    /** The same images under such a spec, without reading them again. */
    public ImageDataset with(ImageSpec other) {
        return new ImageDataset(source, other);
    }

    @Override
    public DataShape.Images shape() {
        return source.shape();
    }

    @Override
    public Provenance provenance() {
        return source.provenance();
    }

    @Override
    public Map<String, Object> facts() {
        DataShape.Images s = shape();
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("image", new int[] {s.channels(), s.height(), s.width()});
        facts.put("classes", s.classes());
        facts.put("train_images", plan.trainExamples() == ImageSource.ENDLESS ? null : plan.trainExamples());
        facts.put("test_images", source.count(Split.VALIDATION));
        facts.put("pixel_mean", statistics.mean());
        facts.put("pixel_std", statistics.std());
        facts.put("entropy_rate", source.entropy());
        facts.put("bayes_error", source.bayesError());
        return facts;
    }

    @Override
    public BatchSource batches(int unitsPerExample, TrainSpec train, int microBatch, long seed) {
        Augmentation augmentation = new Augmentation(spec.augment(), shape(), statistics.normalised(), seed);
        return new ImageBatches(source, plan, augmentation, spec.augment().mixup(), train, microBatch, seed);
    }
}
