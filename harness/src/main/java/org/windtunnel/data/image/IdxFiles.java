package org.windtunnel.data.image;

import java.nio.ByteBuffer;
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
 * IDX files (LeCun's MNIST): big-endian magic number (2051 images, 2049 labels), count, for images rows and columns, then
 * unsigned bytes.
 */
final class IdxFiles {
    private static final int IMAGES = 2051;
    private static final int LABELS = 2049;
    private static final int IMAGE_HEADER = 16;
    private static final int LABEL_HEADER = 8;

    private final ImageSpec.Idx spec;
    private final Path dir;
    private final List<Provenance.Item> items = new ArrayList<>();
    private int rows;
    private int columns;

    private IdxFiles(ImageSpec.Idx spec, Path dir) {
        this.spec = spec;
        this.dir = dir;
    }

    static ImageSource open(ImageSpec.Idx spec, Path baseDir) {
        return new IdxFiles(spec, baseDir.resolve(spec.dir())).open();
    }

    private ImageSource open() {
        StoredImages.Part train = part(spec.trainImages(), "data.train_images", spec.trainLabels(), "data.train_labels");
        int height = rows;
        int width = columns;
        StoredImages.Part test = part(spec.testImages(), "data.test_images", spec.testLabels(), "data.test_labels");
        if (rows != height || columns != width) {
            throw new ConfigException("data.test_images: expected images of " + height + " x " + width
                    + " pixels as in the training set, found " + rows + " x " + columns);
        }
        DataShape.Images shape = new DataShape.Images(1, height, width, spec.classes());
        return new StoredImages(shape, train, test, new Provenance("idx", items));
    }

    private StoredImages.Part part(String imagePattern, String imageKey, String labelPattern, String labelKey) {
        Path imageFile = one(imagePattern, imageKey);
        byte[] pixels = images(imageFile, imageKey);
        int images = pixels.length / (rows * columns);
        Path labelFile = one(labelPattern, labelKey);
        byte[] content = InputFiles.read(labelFile, labelKey);
        int count = header(content, LABELS, LABEL_HEADER, labelFile, labelKey);
        requireSize(content.length, LABEL_HEADER, count, 1, labelFile, labelKey);
        if (count != images) {
            throw new ConfigException(labelKey + ": expected as many labels as " + imageFile.getFileName() + " has images, "
                    + images + ", found " + count + " in " + labelFile);
        }
        byte[] labels = Arrays.copyOfRange(content, LABEL_HEADER, content.length);
        ImageFiles.requireLabels(labels, 0, spec.classes(), labelFile, labelKey);
        return new StoredImages.Part(pixels, labels);
    }

    private byte[] images(Path file, String key) {
        byte[] content = InputFiles.read(file, key);
        int count = header(content, IMAGES, IMAGE_HEADER, file, key);
        rows = ByteBuffer.wrap(content).getInt(8);
        columns = ByteBuffer.wrap(content).getInt(12);
        if (rows < 1 || columns < 1 || rows > 4096 || columns > 4096) {
            throw new ConfigException(key + ": " + file + " says its images have " + rows + " x " + columns
                    + " pixels, expected 1 to 4096 each way; get the file again");
        }
        int size = rows * columns;
        requireSize(content.length, IMAGE_HEADER, count, size, file, key);
        return Arrays.copyOfRange(content, IMAGE_HEADER, content.length);
    }

    /** Checks the magic number. @return the count */
    private static int header(byte[] content, int magic, int length, Path file, String key) {
        if (content.length < length) {
            throw new ConfigException(key + ": " + file + " has " + content.length + " bytes, expected at least the "
                    + length + " of an IDX header; get the file again");
        }
        int found = ByteBuffer.wrap(content).getInt(0);
        if (found != magic) {
            throw new ConfigException(key + ": " + file + " starts with the magic number " + found + ", expected " + magic
                    + " (unsigned " + (magic == IMAGES ? "images" : "labels") + " in IDX format); name the right file");
        }
        return ByteBuffer.wrap(content).getInt(4);
    }

    private static void requireSize(int length, int header, int count, int size, Path file, String key) {
        if (count < 1 || length != header + (long) count * size) {
            throw new ConfigException(key + ": " + file + " announces " + count + " items of " + size + " bytes, expected "
                    + (header + (long) count * size) + " bytes in all, found " + length + "; get the file again");
        }
    }

    private Path one(String pattern, String key) {
        List<Path> files = ImageFiles.resolve(List.of(pattern), dir, key);
        if (files.size() != 1) {
            throw new ConfigException(key + ": expected one file, found " + files + "; name one of them");
        }
        items.add(InputFiles.describe(files.get(0), key));
        return files.get(0);
    }
}
