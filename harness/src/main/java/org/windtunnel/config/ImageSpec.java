package org.windtunnel.config;

import java.util.List;

/** What the sources of labelled images share. */
public interface ImageSpec {

    /** Training images used; null for all. */
    Long trainExamples();

    Augment augment();

    /** This without subset and augmentation: what is to be read. */
    ImageSpec source();

    /** The binary version of CIFAR-10. */
    @Variant(value = "cifar10", doc = "CIFAR-10, binary version: plain, .gz or .xz files")
    record Cifar10(
            @Key(value = "Directory of the files; `windtunnel data get cifar10` fills it", def = "data/cifar-10")
                    String dir,
            @Key(value = "Training files in dir; globs allowed", def = "[\"data_batch_*.bin*\"]") List<String> train,
            @Key(value = "Test files in dir", def = "[\"test_batch.bin*\"]") List<String> test,
            @Key(value = "Training images used, a fixed random subset, smaller ones within larger ones; none: all",
                            def = Key.NONE, unit = "images")
                    @Range(min = 1) Long trainExamples,
            @Key(value = "What is done to training images", def = "{}") Augment augment)
            implements DataSpec, ImageSpec {
        @Override
        public ImageSpec source() {
            return new Cifar10(dir, train, test, null, Augment.NONE);
        }
    }

    /** The binary version of CIFAR-100. */
    @Variant(value = "cifar100", doc = "CIFAR-100, binary version: plain, .gz or .xz files")
    record Cifar100(
            @Key(value = "Directory of the files", def = "data/cifar-100") String dir,
            @Key(value = "Training files in dir; globs allowed", def = "[\"train.bin*\"]") List<String> train,
            @Key(value = "Test files in dir", def = "[\"test.bin*\"]") List<String> test,
            @Key(value = "fine (100 classes) or coarse (20)", def = "fine") Labels labels,
            @Key(value = "Training images used, a fixed random subset, smaller ones within larger ones; none: all",
                            def = Key.NONE, unit = "images")
                    @Range(min = 1) Long trainExamples,
            @Key(value = "What is done to training images", def = "{}") Augment augment)
            implements DataSpec, ImageSpec {
        @Override
        public ImageSpec source() {
            return new Cifar100(dir, train, test, labels, null, Augment.NONE);
        }
    }

    /** Images and labels in two IDX files, as those of MNIST and Fashion-MNIST. */
    @Variant(value = "idx", doc = "IDX files, as those of MNIST and Fashion-MNIST: plain, .gz or .xz")
    record Idx(
            @Key(value = "Directory of the files; `windtunnel data get fashion-mnist` fills it", def = "data/fashion-mnist")
                    String dir,
            @Key(value = "Training images", def = "train-images?idx3-ubyte*") String trainImages,
            @Key(value = "Training labels", def = "train-labels?idx1-ubyte*") String trainLabels,
            @Key(value = "Test images", def = "t10k-images?idx3-ubyte*") String testImages,
            @Key(value = "Test labels", def = "t10k-labels?idx1-ubyte*") String testLabels,
            @Key(value = "Number of classes; every label must be below it", def = "10") @Range(min = 2, max = 256) int classes,
            @Key(value = "Training images used, a fixed random subset, smaller ones within larger ones; none: all",
                            def = Key.NONE, unit = "images")
                    @Range(min = 1) Long trainExamples,
            @Key(value = "What is done to training images", def = "{}") Augment augment)
            implements DataSpec, ImageSpec {
        @Override
        public ImageSpec source() {
            return new Idx(dir, trainImages, trainLabels, testImages, testLabels, classes, null, Augment.NONE);
        }
    }

    /** Drawn images, whose best possible error is known. */
    @Variant(value = "shapes", doc = "Drawn shapes at random places, sizes and colours, some labels random: endless fresh "
            + "images whose Bayes error and entropy are known in closed form")
    record Shapes(
            @Key(value = "Side of an image", def = "16", unit = "pixels") @Range(min = 16, max = 64) int size,
            @Key(value = "Colour channels", def = "3") @Range(min = 1, max = 4) int channels,
            @Key(value = "Number of classes", def = "10") @Range(min = 2, max = 10) int classes,
            @Key(value = "Share of the labels that are drawn anew, evenly from all classes", def = "0.1")
                    @Range(min = 0, max = 1) double labelNoise,
            @Key(value = "Training images before they repeat; none: endless", def = Key.NONE, unit = "images")
                    @Range(min = 1) Long trainExamples,
            @Key(value = "Test images", def = "4096", unit = "images") @Range(min = 1) int testExamples,
            @Key(value = "What is done to training images", def = "{}") Augment augment,
            @Key(value = "Seed of the images, apart from the run's seed", def = "1") long seed)
            implements DataSpec, ImageSpec {
        @Override
        public ImageSpec source() {
            return new Shapes(size, channels, classes, labelNoise, trainExamples, testExamples, Augment.NONE, seed);
        }
    }

    /** What is done to training images, in this order; evaluation sees them as they are. */
    record Augment(
            @Key(value = "Cut the image out of itself with so many black pixels around it, at a random place; 0: not",
                            def = "0", unit = "pixels")
                    @Range(min = 0, max = 64) int crop,
            @Key(value = "Mirror half of the images, left to right", def = "false") boolean flip,
            @Key(value = "Side of a square with a random centre that is set to the mean (arXiv 1708.04552); 0: none",
                            def = "0", unit = "pixels")
                    @Range(min = 0, max = 64) int cutout,
            @Key(value = "Mix the images of a step in pairs with a weight from Beta(mixup, mixup) (arXiv 1710.09412); 0: not",
                            def = "0")
                    @Range(min = 0, max = 4) double mixup) {
        /** Nothing. */
        public static final Augment NONE = new Augment(0, false, 0, 0);
    }

    /** Which labels of CIFAR-100. */
    enum Labels {
        FINE,
        COARSE
    }
}
