package org.windtunnel.interop.dl4j;

import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.DataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.TrainSpec;
import org.windtunnel.data.BatchSource;
import org.windtunnel.data.DataShape;
import org.windtunnel.data.Dataset;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Storage;
import org.windtunnel.tensor.Tensor;

/**
 * The evaluation set of a data set of images as Deeplearning4j sees one: features [N, C, H, W] as the models here get
 * them (normalised), labels one-hot [N, classes].
 */
public final class DatasetIterator implements DataSetIterator, AutoCloseable {
    private static final long serialVersionUID = 1L;

    private final transient BatchSource source;
    private final DataShape.Images shape;
    private final int batch;
    private final transient Storage pixels;
    private final transient Storage classes;
    private final transient Tensor inputs;
    private final transient Tensor targets;
    private DataSetPreProcessor preProcessor;
    private int at;

    /**
     * @param train its evaluation set is what is shown
     * @param batch examples of a data set, but for the last
     * @param backend gives memory for one batch; used by one thread
     * @throws ConfigException if the data are no images, or fewer than the evaluation set
     */
    public DatasetIterator(Dataset data, TrainSpec train, int batch, Backend backend) {
        if (!(data.shape() instanceof DataShape.Images images)) {
            throw new ConfigException("expected a data set of images, found " + data.shape());
        }
        this.shape = images;
        this.batch = batch;
        this.source = data.batches(1, train, batch, 0);
        int size = Math.multiplyExact(batch, images.channels() * images.height() * images.width());
        this.pixels = backend.allocate(DType.FLOAT32, size);
        this.classes = backend.allocate(DType.INT32, batch);
        this.inputs = new Tensor(pixels, 0, batch, images.channels(), images.height(), images.width());
        this.targets = new Tensor(classes, 0, batch);
    }

    @Override
    public boolean hasNext() {
        return at < source.evaluationExamples();
    }

    @Override
    public DataSet next() {
        if (!hasNext()) {
            throw new NoSuchElementException("the evaluation set has " + source.evaluationExamples() + " examples");
        }
        source.evaluation(at, inputs, targets);
        int count = Math.min(batch, source.evaluationExamples() - at);
        at += count;
        int size = inputs.intSize() / batch;
        INDArray features = GraphArrays.array(inputs.slice(0, count, size), DataType.FLOAT, count, shape.channels(),
                shape.height(), shape.width());
        INDArray labels = Nd4j.zeros(DataType.FLOAT, count, shape.classes());
        int[] found = targets.toInts();
        for (int i = 0; i < count; i++) {
            labels.putScalar(i, found[i], 1);
        }
        DataSet set = new DataSet(features, labels);
        if (preProcessor != null) {
            preProcessor.preProcess(set);
        }
        return set;
    }

    /** @throws IllegalArgumentException unless it asks for the iterator's own batch */
    @Override
    public DataSet next(int count) {
        if (count != batch) {
            throw new IllegalArgumentException("expected a batch of " + batch + ", asked for " + count);
        }
        return next();
    }

    @Override
    public int inputColumns() {
        return inputs.intSize() / batch;
    }

    @Override
    public int totalOutcomes() {
        return shape.classes();
    }

    @Override
    public boolean resetSupported() {
        return true;
    }

    /** The memory of a batch is used again for the next one. */
    @Override
    public boolean asyncSupported() {
        return false;
    }

    @Override
    public void reset() {
        at = 0;
    }

    @Override
    public int batch() {
        return batch;
    }

    @Override
    public void setPreProcessor(DataSetPreProcessor next) {
        preProcessor = next;
    }

    @Override
    public DataSetPreProcessor getPreProcessor() {
        return preProcessor;
    }

    /** Classes have numbers for names. */
    @Override
    public List<String> getLabels() {
        return IntStream.range(0, shape.classes()).mapToObj(Integer::toString).toList();
    }

    @Override
    public void close() {
        source.close();
        pixels.close();
        classes.close();
    }
}
