package org.windtunnel.data.image;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ImageSpec;
import org.windtunnel.data.DataShape;
import org.windtunnel.data.InputFiles;
import org.windtunnel.data.Provenance;

/**
 * The binary versions of CIFAR-10 and CIFAR-100 (Krizhevsky 2009): records of one label byte (CIFAR-100: a coarse and a
 * fine one) and 3,072 bytes, the red, green and blue plane of 32 x 32 pixels each, without a header.
 */
final class CifarFiles {
    private static final int PIXELS = 3 * 32 * 32;

    private final Path dir;
    private final int labelBytes;
    private final int labelAt;
    private final int classes;
    private final List<Provenance.Item> items = new ArrayList<>();

    private CifarFiles(Path dir, int labelBytes, int labelAt, int classes) {
        this.dir = dir;
        this.labelBytes = labelBytes;
        this.labelAt = labelAt;
        this.classes = classes;
    }

    static ImageSource open(ImageSpec.Cifar10 spec, Path baseDir) {
        return new CifarFiles(baseDir.resolve(spec.dir()), 1, 0, 10).open("cifar10", spec.train(), spec.test());
    }

    static ImageSource open(ImageSpec.Cifar100 spec, Path baseDir) {
        boolean fine = spec.labels() == ImageSpec.Labels.FINE;
        return new CifarFiles(baseDir.resolve(spec.dir()), 2, fine ? 1 : 0, fine ? 100 : 20)
                .open("cifar100", spec.train(), spec.test());
    }

    private ImageSource open(String name, List<String> train, List<String> test) {
        StoredImages.Part training = read(train, "data.train");
        StoredImages.Part testing = read(test, "data.test");
        DataShape.Images shape = new DataShape.Images(3, 32, 32, classes);
        return new StoredImages(shape, training, testing, new Provenance(name, items));
    }

    private StoredImages.Part read(List<String> patterns, String key) {
        byte[] pixels = new byte[0];
        byte[] labels = new byte[0];
        for (Path file : ImageFiles.resolve(patterns, dir, key)) {
            items.add(InputFiles.describe(file, key));
            byte[] records = InputFiles.read(file, key);
            int size = labelBytes + PIXELS;
            if (records.length % size != 0) {
                throw new ConfigException(key + ": " + file + " has " + records.length + " bytes, expected a multiple of "
                        + size + ", the record of " + (labelBytes == 1 ? "CIFAR-10" : "CIFAR-100")
                        + " (binary version); get the file again, or choose another data.type");
            }
            int count = records.length / size;
            int before = labels.length;
            if ((before + (long) count) * PIXELS > Integer.MAX_VALUE) {
                throw new ConfigException(key + ": expected at most 2 GiB of images, found more with " + file);
            }
            labels = Arrays.copyOf(labels, before + count);
            pixels = Arrays.copyOf(pixels, labels.length * PIXELS);
            for (int i = 0; i < count; i++) {
                labels[before + i] = records[i * size + labelAt];
                System.arraycopy(records, i * size + labelBytes, pixels, (before + i) * PIXELS, PIXELS);
            }
            ImageFiles.requireLabels(labels, before, classes, file, key);
        }
        return new StoredImages.Part(pixels, labels);
    }
}
