package org.windtunnel.data.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ImageSpec;
import org.windtunnel.config.ImageSpec.Augment;
import org.windtunnel.data.DataShape;
import org.windtunnel.data.SharedData;
import org.windtunnel.data.Split;

/** CIFAR and IDX files: what is in them comes out, and what is wrong with them is said. */
public class ImageFilesTest {
    @TempDir
    Path dir;

    /** Records with the given label bytes in front of random pixels. */
    public static byte[] cifar(long seed, byte[]... labels) {
        Random random = new Random(seed);
        ByteBuffer records = ByteBuffer.allocate(labels.length * (labels[0].length + 3072));
        for (byte[] label : labels) {
            byte[] pixels = new byte[3072];
            random.nextBytes(pixels);
            records.put(label).put(pixels);
        }
        return records.array();
    }

    public static byte[] idxImages(int count, int rows, int columns) {
        ByteBuffer file = ByteBuffer.allocate(16 + count * rows * columns).putInt(2051).putInt(count).putInt(rows).putInt(columns);
        for (int i = 0; i < count * rows * columns; i++) {
            file.put((byte) (7 * i));
        }
        return file.array();
    }

    public static byte[] idxLabels(int... labels) {
        ByteBuffer file = ByteBuffer.allocate(8 + labels.length).putInt(2049).putInt(labels.length);
        for (int label : labels) {
            file.put((byte) label);
        }
        return file.array();
    }

    private void write(String name, byte[] content) throws IOException {
        ByteArrayOutputStream stored = new ByteArrayOutputStream();
        try (OutputStream out = name.endsWith(".gz") ? new GZIPOutputStream(stored)
                : name.endsWith(".xz") ? new XZOutputStream(stored, new LZMA2Options(0)) : stored) {
            out.write(content);
        }
        Files.write(dir.resolve(name), stored.toByteArray());
    }

    private ImageSpec.Cifar10 cifar10(List<String> train) {
        return new ImageSpec.Cifar10(dir.toString(), train, List.of("test_batch.bin*"), null, Augment.NONE);
    }

    private ImageSpec.Idx idx() {
        return new ImageSpec.Idx(dir.toString(), "train-images?idx3-ubyte*", "train-labels?idx1-ubyte*",
                "t10k-images?idx3-ubyte*", "t10k-labels?idx1-ubyte*", 10, null, Augment.NONE);
    }

    private void idxFiles() throws IOException {
        write("train-images-idx3-ubyte.gz", idxImages(5, 3, 4));
        write("train-labels-idx1-ubyte", idxLabels(0, 9, 3, 3, 1));
        write("t10k-images-idx3-ubyte.xz", idxImages(2, 3, 4));
        write("t10k-labels-idx1-ubyte", idxLabels(4, 5));
    }

    private static byte[] image(ImageSource source, Split split, long index) {
        byte[] pixels = new byte[source.shape().channels() * source.shape().height() * source.shape().width()];
        source.read(split, index, pixels);
        return pixels;
    }

    @Test
    void cifar10PlainAndCompressed() throws IOException {
        byte[] first = cifar(1, new byte[] {3}, new byte[] {9});
        write("data_batch_1.bin", first);
        write("data_batch_2.bin.xz", cifar(2, new byte[] {0}));
        write("test_batch.bin.gz", cifar(3, new byte[] {7}));
        ImageSource source = CifarFiles.open(cifar10(List.of("data_batch_*.bin*")), Path.of("."));
        assertThat(source.shape()).isEqualTo(new DataShape.Images(3, 32, 32, 10));
        assertThat(source.count(Split.TRAIN)).isEqualTo(3);
        assertThat(source.count(Split.VALIDATION)).isEqualTo(1);
        assertThat(new int[] {source.label(Split.TRAIN, 0), source.label(Split.TRAIN, 1), source.label(Split.TRAIN, 2)})
                .containsExactly(3, 9, 0);
        assertThat(image(source, Split.TRAIN, 1)).isEqualTo(Arrays.copyOfRange(first, 3074, 6146));
        assertThat(source.provenance().items()).hasSize(3);
    }

    @Test
    void cifar100HasTwoLabels() throws IOException {
        write("train.bin", cifar(1, new byte[] {19, 99}, new byte[] {0, 5}));
        write("test.bin", cifar(2, new byte[] {1, 2}));
        for (ImageSpec.Labels labels : ImageSpec.Labels.values()) {
            ImageSource source = CifarFiles.open(new ImageSpec.Cifar100(dir.toString(), List.of("train.bin"),
                    List.of("test.bin"), labels, null, Augment.NONE), Path.of("."));
            boolean fine = labels == ImageSpec.Labels.FINE;
            assertThat(source.label(Split.TRAIN, 0)).isEqualTo(fine ? 99 : 19);
            assertThat(source.shape().classes()).isEqualTo(fine ? 100 : 20);
        }
    }

    @Test
    void idxPlainAndCompressed() throws IOException {
        idxFiles();
        ImageSource source = IdxFiles.open(idx(), Path.of("."));
        assertThat(source.shape()).isEqualTo(new DataShape.Images(1, 3, 4, 10));
        assertThat(source.count(Split.TRAIN)).isEqualTo(5);
        assertThat(source.label(Split.TRAIN, 1)).isEqualTo(9);
        assertThat(source.label(Split.VALIDATION, 1)).isEqualTo(5);
        assertThat(image(source, Split.TRAIN, 2)).isEqualTo(Arrays.copyOfRange(idxImages(5, 3, 4), 40, 52));
    }

    @Test
    void whatIsWrongWithAFileIsSaid() throws IOException {
        write("test_batch.bin", cifar(1, new byte[] {1}));
        assertThatThrownBy(() -> CifarFiles.open(cifar10(List.of("nothing.bin")), Path.of(".")))
                .isInstanceOf(ConfigException.class).hasMessageContaining("data.train: no file");
        write("short.bin", Arrays.copyOf(cifar(1, new byte[] {1}), 3000));
        assertThatThrownBy(() -> CifarFiles.open(cifar10(List.of("short.bin")), Path.of(".")))
                .isInstanceOf(ConfigException.class).hasMessageContaining("a multiple of 3073");
        write("label.bin", cifar(1, new byte[] {1}, new byte[] {10}));
        assertThatThrownBy(() -> CifarFiles.open(cifar10(List.of("label.bin")), Path.of(".")))
                .isInstanceOf(ConfigException.class).hasMessageContaining("image 1 of").hasMessageContaining("0 to 9");
        write("twice.bin", cifar(1, new byte[] {1}));
        write("twice.bin.gz", cifar(1, new byte[] {1}));
        assertThatThrownBy(() -> CifarFiles.open(cifar10(List.of("twice.bin*")), Path.of(".")))
                .isInstanceOf(ConfigException.class).hasMessageContaining("each file once");
        assertThatThrownBy(() -> CifarFiles.open(
                        new ImageSpec.Cifar10("nowhere", List.of("a"), List.of("b"), null, Augment.NONE), dir))
                .isInstanceOf(ConfigException.class).hasMessageContaining("windtunnel data get");
    }

    @Test
    void whatIsWrongWithAnIdxFileIsSaid() throws IOException {
        idxFiles();
        refused("train-labels-idx1-ubyte", idxLabels(0, 9, 3, 3), "expected as many labels");
        refused("train-labels-idx1-ubyte", idxLabels(0, 9, 3, 3, 10), "label 10, expected 0 to 9");
        refused("train-labels-idx1-ubyte", idxImages(5, 3, 4), "magic number 2051, expected 2049");
        refused("train-labels-idx1-ubyte", Arrays.copyOf(idxLabels(0, 9, 3, 3, 1), 12), "announces 5 items");
        refused("train-images-idx3-ubyte.gz", new byte[10], "IDX header");
        refused("train-images-idx3-ubyte.gz", idxImages(5, 0, 0), "0 x 0 pixels");
        refused("t10k-images-idx3-ubyte.xz", idxImages(2, 4, 4), "as in the training set, found 4 x 4");
    }

    private void refused(String name, byte[] content, String message) throws IOException {
        byte[] good = Files.readAllBytes(dir.resolve(name));
        write(name, content);
        assertThatThrownBy(() -> IdxFiles.open(idx(), Path.of("."))).isInstanceOf(ConfigException.class)
                .hasMessageContaining(message);
        Files.write(dir.resolve(name), good);
    }

    @Test
    void fashionMnist() {
        Path files = SharedData.file("fashion-mnist/train-images-idx3-ubyte.gz").getParent();
        ImageDataset data = ImageSets.open(new ImageSpec.Idx(files.toString(), "train-images?idx3-ubyte*",
                "train-labels?idx1-ubyte*", "t10k-images?idx3-ubyte*", "t10k-labels?idx1-ubyte*", 10, null,
                Augment.NONE), Path.of("."));
        assertThat(data.shape()).isEqualTo(new DataShape.Images(1, 28, 28, 10));
        assertThat(data.facts()).containsEntry("train_images", 60_000L).containsEntry("test_images", 10_000L);
        assertThat(((double[]) data.facts().get("pixel_mean"))[0]).isEqualTo(0.2860, within(5e-5));
        assertThat(((double[]) data.facts().get("pixel_std"))[0]).isEqualTo(0.3530, within(5e-5));
    }

    /** Label counts, means and first labels as the data's description gives them. */
    @Test
    void cifarTestBatch() {
        Path files = SharedData.file("cifar-10/test_batch.bin.xz").getParent();
        ImageSource source = CifarFiles.open(new ImageSpec.Cifar10(files.toString(), List.of("test_batch.bin.xz"),
                List.of("test_batch.bin.xz"), null, Augment.NONE), Path.of("."));
        int[] counts = new int[10];
        for (int i = 0; i < 10_000; i++) {
            counts[source.label(Split.TRAIN, i)]++;
        }
        assertThat(counts).containsOnly(1000);
        int[] first = new int[10];
        for (int i = 0; i < 10; i++) {
            first[i] = source.label(Split.VALIDATION, i);
        }
        assertThat(first).containsExactly(3, 8, 8, 0, 6, 6, 1, 6, 3, 1);
        double[] mean = ChannelStatistics.of(source, 10_000, i -> i).mean();
        assertThat(mean).containsExactly(new double[] {0.4942, 0.4851, 0.4504}, within(5e-5));
    }
}
