package org.windtunnel.interop.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.DataSpec;
import org.windtunnel.config.TrainSpec;
import org.windtunnel.data.BatchSource;
import org.windtunnel.data.DataShape;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Storage;
import org.windtunnel.tensor.Tensor;

class IteratorDatasetTest {
    private static final TrainSpec TRAIN = ConfigLoader.parse(
            """
            name: x
            model: {family: gpt, width: 8, depth: 1, heads: 1, context: 4}
            data: {type: markov}
            optimizer: {type: adamw, lr: 1}
            train: {steps: 1, batch: 4, eval_sequences: 5}
            """, "x").train();

    /** Rows of two numbers, the first of which counts, in batches of two. */
    public static final class Rows extends ListDataSetIterator<DataSet> {
        private static final long serialVersionUID = 1L;

        public Rows() {
            super(examples(), 2);
        }

        private static List<DataSet> examples() {
            List<DataSet> all = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                double[] label = new double[3];
                label[i % 3] = 1;
                all.add(new DataSet(Nd4j.create(new double[][] {{i, -i}}), Nd4j.create(new double[][] {label})));
            }
            return all;
        }
    }

    @Test
    void examplesGoInAndComeOut() {
        IteratorDataset data = IteratorDataset.of(new Rows(), new Rows());
        assertThat(data.shape()).isEqualTo(new DataShape.Images(2, 1, 1, 3));
        assertThat(data.facts()).containsEntry("train_images", 5).containsEntry("test_images", 5);
        try (Backend backend = new CpuBackend(1); DatasetIterator out = new DatasetIterator(data, TRAIN, 3, backend)) {
            Rows in = new Rows();
            List<double[]> seen = new ArrayList<>();
            while (out.hasNext()) {
                DataSet set = out.next();
                assertThat(set.getFeatures().shape()).containsExactly(set.numExamples(), 2, 1, 1);
                for (DataSet one : set.asList()) {
                    seen.add(GraphArrays.values(one.getFeatures()));
                    assertThat(GraphArrays.values(one.getLabels())[(int) seen.get(seen.size() - 1)[0] % 3])
                            .isEqualTo(1);
                }
            }
            assertThat(seen).hasSize(5);
            assertThat(in.totalOutcomes()).isEqualTo(out.totalOutcomes());
            out.reset();
            assertThat(out.hasNext()).isTrue();
        }
    }

    /** Each example once an epoch, in an order that the seed decides. */
    @Test
    void classesOnTheClassPathAreDataAndHaveTheRunsOrder() {
        DataSpec.Dl4j spec = new DataSpec.Dl4j(List.of(), List.of(), Rows.class.getName(), Rows.class.getName());
        IteratorDataset data = IteratorDataset.open(spec, Path.of(""));
        assertThat(data.provenance().items()).hasSize(2).allMatch(item -> item.name().equals(Rows.class.getName()));
        assertThat(epoch(data, 1)).isEqualTo(epoch(data, 1)).isNotEqualTo(epoch(data, 2));
        assertThat(new TreeSet<>(epoch(data, 1))).containsExactly(0.0, 1.0, 2.0, 3.0, 4.0);
    }

    private static List<Double> epoch(IteratorDataset data, long seed) {
        List<Double> order = new ArrayList<>();
        try (Backend backend = new CpuBackend(1);
                BatchSource batches = data.batches(1, TRAIN.withBatch(1), 1, seed);
                Storage pixels = backend.allocate(DType.FLOAT32, 2);
                Storage classes = backend.allocate(DType.INT32, 1)) {
            for (long step = 0; step < 5; step++) {
                Tensor input = new Tensor(pixels, 0, 1, 2, 1, 1);
                batches.train(step, 0, input, new Tensor(classes, 0, 1));
                order.add((double) input.toFloats()[0]);
            }
        }
        return order;
    }

    @Test
    void labelsMustNameOneClass() {
        DataSet soft = new DataSet(Nd4j.ones(1, 2), Nd4j.create(new double[][] {{0.5, 0.5}}));
        DataSet none = new DataSet(Nd4j.ones(1, 2), Nd4j.zeros(1, 2));
        for (DataSet set : List.of(soft, none)) {
            assertThatThrownBy(() -> IteratorDataset.of(new ListDataSetIterator<>(List.of(set), 1), new Rows()))
                    .isInstanceOf(ConfigException.class).hasMessageContaining("a single 1 for each example");
        }
    }
}
