package org.windtunnel.interop.dl4j;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.windtunnel.backend.Natives;
import org.windtunnel.checkpoint.Sha256;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.DataSpec;
import org.windtunnel.config.TrainSpec;
import org.windtunnel.data.BatchSource;
import org.windtunnel.data.DataShape;
import org.windtunnel.data.Dataset;
import org.windtunnel.data.InputFiles;
import org.windtunnel.data.Provenance;

/**
 * What {@code DataSetIterator}s give, read once and kept in memory: images [N, C, H, W] or rows [N, F] (images of F
 * channels and one pixel), with one-hot labels [N, classes]. A run has an order of its own and not the iterator's.
 */
public final class IteratorDataset implements Dataset {
    private final DataShape.Images shape;
    private final Examples train;
    private final Examples validation;
    private final Provenance provenance;

    /** Pixels and classes of one split. */
    record Examples(List<float[]> pixels, List<Integer> classes) {
        int count() {
            return pixels.size();
        }
    }

    private IteratorDataset(DataShape.Images shape, Examples train, Examples validation, Provenance provenance) {
        this.shape = shape;
        this.train = train;
        this.validation = validation;
        this.provenance = provenance;
    }

    /**
     * Data of a config.
     *
     * @param baseDir where relative paths start
     * @throws ConfigException if files or classes cannot be read, or hold no labelled images
     */
    public static IteratorDataset open(DataSpec.Dl4j spec, Path baseDir) {
        Natives.prepare();
        List<Provenance.Item> items = new ArrayList<>();
        Reader reader = new Reader();
        Examples train = split(reader, spec.train(), spec.trainIterator(), baseDir, "data.train", items);
        Examples validation =
                split(reader, spec.validation(), spec.validationIterator(), baseDir, "data.validation", items);
        return new IteratorDataset(reader.shape, train, validation, new Provenance("dl4j", items));
    }

    private static Examples split(
            Reader reader, List<String> files, String iterator, Path baseDir, String key, List<Provenance.Item> items) {
        if (files.isEmpty() == (iterator == null)) {
            throw new ConfigException(key + ": expected either files or " + key + "_iterator, found "
                    + (iterator == null ? "neither" : "both"));
        }
        if (iterator == null) {
            List<Path> paths = InputFiles.resolve(files, baseDir, key);
            paths.forEach(path -> items.add(InputFiles.describe(path, key)));
            return reader.read(paths.stream().map(path -> load(path, key)).iterator(), key);
        }
        Examples examples = reader.read(GraphFile.instance(iterator, DataSetIterator.class, key + "_iterator"), key);
        items.add(item(iterator, examples));
        return examples;
    }

    /** The examples of two iterators, which are read to their ends. */
    public static IteratorDataset of(DataSetIterator train, DataSetIterator validation) {
        Natives.prepare();
        Reader reader = new Reader();
        Examples training = reader.read(train, "train");
        Examples testing = reader.read(validation, "validation");
        return new IteratorDataset(reader.shape, training, testing,
                new Provenance("dl4j", List.of(item("train", training), item("validation", testing))));
    }

    private static Provenance.Item item(String name, Examples examples) {
        StringBuilder hashes = new StringBuilder();
        for (int i = 0; i < examples.count(); i++) {
            float[] pixels = examples.pixels.get(i);
            ByteBuffer bytes = ByteBuffer.allocate(pixels.length * Float.BYTES);
            bytes.asFloatBuffer().put(pixels);
            hashes.append(Sha256.of(bytes.array())).append(' ').append(examples.classes.get(i)).append('\n');
        }
        long size = examples.pixels.stream().mapToLong(p -> (long) p.length * Float.BYTES).sum();
        return new Provenance.Item(name, size, Sha256.of(hashes.toString()));
    }

    private static DataSet load(Path file, String key) {
        DataSet set = new DataSet();
        try {
            set.load(file.toFile());
        } catch (RuntimeException e) {
            throw new ConfigException(key + ": " + file
                    + ": expected a file that DataSet.save wrote, found something else: "
                    + GraphFile.firstLine(e), e);
        }
        return set;
    }

    /** Takes data sets apart, and sees to it that all of them have one shape. */
    private static final class Reader {
        private DataShape.Images shape;

        Examples read(Iterator<DataSet> sets, String key) {
            Examples into = new Examples(new ArrayList<>(), new ArrayList<>());
            while (sets.hasNext()) {
                DataSet set = sets.next();
                add(set.getFeatures(), set.getLabels(), into, key);
            }
            if (into.count() == 0) {
                throw new ConfigException(key + ": expected labelled examples, found none");
            }
            return into;
        }

        private void add(INDArray features, INDArray labels, Examples into, String key) {
            requireShapes(features, labels, key);
            int count = Math.toIntExact(features.size(0));
            float[] pixels = features.dup('c').castTo(DataType.FLOAT).data().asFloat();
            double[] hot = GraphArrays.values(labels);
            int size = pixels.length / count;
            for (int i = 0; i < count; i++) {
                into.pixels.add(Arrays.copyOfRange(pixels, i * size, (i + 1) * size));
                into.classes.add(classOf(hot, i * shape.classes(), key));
            }
        }

        private int classOf(double[] hot, int from, String key) {
            int found = -1;
            for (int c = 0; c < shape.classes(); c++) {
                double value = hot[from + c];
                if (value != 0 && (value != 1 || found >= 0)) {
                    throw new ConfigException(key + ": expected labels with a single 1 for each example, found "
                            + Arrays.toString(Arrays.copyOfRange(hot, from, from + shape.classes())));
                }
                found = value == 1 ? c : found;
            }
            if (found < 0) {
                throw new ConfigException(key + ": expected labels with a single 1 for each example, found one of "
                        + "zeros");
            }
            return found;
        }

        private void requireShapes(INDArray features, INDArray labels, String key) {
            boolean rows = features != null && features.rank() == 2;
            if (features == null || labels == null || labels.rank() != 2 || !rows && features.rank() != 4
                    || labels.size(0) != features.size(0)) {
                throw new ConfigException(key + ": expected features [N, C, H, W] or [N, F] and labels [N, classes], "
                        + "found "
                        + (features == null ? "none" : Arrays.toString(features.shape())) + " and "
                        + (labels == null ? "none" : Arrays.toString(labels.shape())));
            }
            DataShape.Images found = new DataShape.Images((int) features.size(1), rows ? 1 : (int) features.size(2),
                    rows ? 1 : (int) features.size(3), (int) labels.size(1));
            if (shape != null && !shape.equals(found)) {
                throw new ConfigException(key + ": expected " + shape + " as before, found " + found);
            }
            shape = found;
        }
    }

    @Override
    public DataShape.Images shape() {
        return shape;
    }

    @Override
    public Provenance provenance() {
        return provenance;
    }

    @Override
    public Map<String, Object> facts() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("image", new int[] {shape.channels(), shape.height(), shape.width()});
        facts.put("classes", shape.classes());
        facts.put("train_images", train.count());
        facts.put("test_images", validation.count());
        return facts;
    }

    @Override
    public BatchSource batches(int unitsPerExample, TrainSpec spec, int microBatch, long seed) {
        return new IteratorBatches(shape, train, validation, spec, microBatch, seed);
    }
}
