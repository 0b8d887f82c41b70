package org.windtunnel.interop.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize;
import org.nd4j.linalg.factory.Nd4j;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.nd4j.Nd4jBackend;
import org.windtunnel.config.ConfigException;
import org.windtunnel.interop.dl4j.GraphLayout.Segment;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.ResNet;
import org.windtunnel.nn.ResNetShape;
import org.windtunnel.nn.ResNetShape.Block;
import org.windtunnel.nn.ResNetShape.Norm;
import org.windtunnel.nn.ResNetShape.Order;
import org.windtunnel.nn.ResNetShape.Shortcut;
import org.windtunnel.nn.ResNetShape.Stem;
import org.windtunnel.nn.Role;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/** Deeplearning4j's own layers are the oracle: the same network with the same weights, in double precision. */
class ResNetGraphTest {
    private static final int BATCH = 4;
    private static final int[] CLASSES = {2, 0, 1, 2};

    @TempDir
    Path temp;

    private final Backend exact = new Nd4jBackend(DType.FLOAT64);

    enum Case {
        POST_B(Block.BASIC, Order.POST_ACTIVATION, Shortcut.B, Stem.SMALL, false, 0, ForwardMultipliers.standard(1)),
        POST_A(Block.BASIC, Order.POST_ACTIVATION, Shortcut.A, Stem.SMALL, false, 0,
                new ForwardMultipliers(1, 1, 0.6, 0.5)),
        PRE_B(Block.BASIC, Order.PRE_ACTIVATION, Shortcut.B, Stem.SMALL, false, 0,
                new ForwardMultipliers(1, 1, 0.6, 0.5)),
        PRE_A(Block.BASIC, Order.PRE_ACTIVATION, Shortcut.A, Stem.SMALL, false, 0, ForwardMultipliers.standard(1)),
        BOTTLENECK(Block.BOTTLENECK, Order.POST_ACTIVATION, Shortcut.B, Stem.LARGE, false, 0,
                ForwardMultipliers.standard(1)),
        RESNET_D(Block.BOTTLENECK, Order.PRE_ACTIVATION, Shortcut.B, Stem.DEEP, true, 0,
                ForwardMultipliers.standard(1)),
        SQUEEZE(Block.BASIC, Order.POST_ACTIVATION, Shortcut.B, Stem.SMALL, false, 0.5,
                new ForwardMultipliers(1, 1, 0.6, 0.5)),
        SQUEEZE_PRE(Block.BOTTLENECK, Order.PRE_ACTIVATION, Shortcut.A, Stem.SMALL, false, 0.25,
                ForwardMultipliers.standard(1));

        private final ResNetShape shape;
        private final ForwardMultipliers multipliers;

        Case(
                Block block,
                Order order,
                Shortcut shortcut,
                Stem stem,
                boolean averages,
                double squeeze,
                ForwardMultipliers multipliers) {
            int side = stem == Stem.SMALL ? 8 : 16;
            this.shape = new ResNetShape(block, order, List.of(1, 1), 4, shortcut, Norm.BATCH, 1, 1, stem, averages,
                    squeeze, 0, 0, 1e-5, 0.1, 2, side, side, 3);
            this.multipliers = multipliers;
        }

        ResNetExchange exchange() {
            return new ResNetExchange(shape, multipliers);
        }
    }

    private interface WithModel {
        void accept(ResNet model, INDArray images);
    }

    private void model(Case c, WithModel use) {
        try (Arena arena = Arena.of(exact::allocate, exact.floatType())) {
            ResNet model = new ResNet(exact, c.shape, c.multipliers, BATCH, arena);
            Rng rng = new Rng(1, 2);
            long at = 0;
            for (ParamSpec p : model.parameters().specs()) {
                double[] values = new double[(int) p.size()];
                double std = p.shape().length > 1 ? Math.sqrt(2.0 / p.fanIn()) : 0.3;
                for (int i = 0; i < values.length; i++) {
                    values[i] = (p.role() == Role.NORM_GAIN ? 1 : 0) + std * rng.gaussian(at++);
                }
                model.parameters().weight(p.name()).set(values);
            }
            double[] pixels = new double[model.inputs().intSize()];
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] = rng.gaussian(at++);
            }
            model.inputs().set(pixels);
            model.targets().set(CLASSES);
            long side = c.shape.height();
            use.accept(model, GraphArrays.array(pixels, DataType.DOUBLE, BATCH, 2, side, side));
        }
    }

    private static double[] values(ResNet model, String name) {
        Tensor buffer = model.buffers().get(name);
        return (buffer != null ? buffer : model.parameters().weight(name)).toDoubles();
    }

    @ParameterizedTest
    @EnumSource
    void theGraphGivesTheSameLossAndGradients(Case c) {
        model(c, (model, images) -> {
            ComputationGraph graph = c.exchange().graph(name -> values(model, name), DataType.DOUBLE);
            double[] sums = new double[3];
            model.forwardBackward(1.0 / BATCH, 0, false, sums);
            INDArray labels = Nd4j.zeros(DataType.DOUBLE, BATCH, 3);
            for (int i = 0; i < BATCH; i++) {
                labels.putScalar(i, CLASSES[i], 1);
            }
            graph.setInputs(images);
            graph.setLabels(labels);
            graph.computeGradientAndScore();
            assertThat(sums[0] / BATCH).isCloseTo(graph.score(), within(1e-9));
            double[] summed = graph.getFlattenedGradients().toDoubleVector();
            Map<String, String> ours = c.exchange().ourNames();
            for (Segment s : ResNetExchange.layout(graph).parameters()) {
                double[] gradient = model.parameters().gradient(ours.get(s.spec().name())).toDoubles();
                // The graph's gradient is a sum over the batch, and its readout has our multiplier inside.
                double by = (s.spec().name().equals("fc.W") ? c.multipliers.readout() : 1) / BATCH;
                for (int i = 0; i < gradient.length; i++) {
                    assertThat(gradient[i]).as(s.spec().name() + " at " + i)
                            .isCloseTo(by * summed[s.begin() + i], within(1e-8));
                }
            }
        });
    }

    @ParameterizedTest
    @EnumSource
    void aZipGivesTheSameLogitsAndComesBack(Case c) {
        model(c, (model, images) -> {
            double[] sums = new double[3];
            for (int i = 0; i < 3; i++) {
                model.forwardBackward(1.0 / BATCH, 0, false, sums);
            }
            double[] expected = model.logits().toDoubles();
            Path zip = temp.resolve("model.zip");
            c.exchange().export(name -> values(model, name),
                    new ResNetExchange.Pixels(new double[] {120, 130}, new double[] {60, 50}), zip);
            ComputationGraph alone;
            NormalizerStandardize normalizer;
            try {
                alone = ModelSerializer.restoreComputationGraph(zip.toFile());
                normalizer = ModelSerializer.restoreNormalizerFromFile(zip.toFile());
            } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
            assertProbabilities(alone.outputSingle(images.castTo(DataType.FLOAT)), expected);
            INDArray levels = Nd4j.valueArrayOf(new long[] {1, 2, 1, 1}, 180.0, DataType.FLOAT);
            normalizer.transform(levels);
            assertThat(GraphArrays.values(levels)).containsExactly(new double[] {1, 1}, within(1e-6));

            model(c, (other, same) -> {
                other.parameters().weights().set(new double[other.parameters().weights().intSize()]);
                c.exchange().load(zip, other);
                double[] back = other.logits().toDoubles();
                for (int i = 0; i < back.length; i++) {
                    assertThat(back[i]).isCloseTo(expected[i], within(1e-5));
                }
            });
        });
    }

    private static void assertProbabilities(INDArray found, double[] logits) {
        for (int row = 0; row < BATCH; row++) {
            double sum = 0;
            for (int k = 0; k < 3; k++) {
                sum += Math.exp(logits[row * 3 + k]);
            }
            for (int k = 0; k < 3; k++) {
                assertThat(found.getDouble(row, k)).isCloseTo(Math.exp(logits[row * 3 + k]) / sum, within(1e-5));
            }
        }
    }

    @Test
    void otherNetworksAreRefused() {
        model(Case.POST_B, (model, images) -> {
            Path zip = temp.resolve("model.zip");
            Case.POST_B.exchange().export(name -> values(model, name), null, zip);
            ResNetExchange wide = new ResNetExchange(Case.POST_B.shape.withWidth(8), Case.POST_B.multipliers);
            try (Arena arena = Arena.of(exact::allocate, exact.floatType())) {
                ResNet other = new ResNet(exact, wide.shape(), wide.multipliers(), BATCH, arena);
                assertThatThrownBy(() -> wide.load(zip, other)).isInstanceOf(ConfigException.class)
                        .hasMessageContaining("expected conv1.W[8, 2, 3, 3], found conv1.W[4, 2, 3, 3]");
            }
            ResNetExchange scaled = new ResNetExchange(Case.POST_B.shape, new ForwardMultipliers(1, 1, 0.5, 1));
            assertThatThrownBy(() -> scaled.load(zip, model)).isInstanceOf(ConfigException.class)
                    .hasMessageContaining("it lacks [blocks.0.scale");
            model(Case.PRE_B, (pre, same) -> assertThatThrownBy(() -> Case.PRE_B.exchange().load(zip, pre))
                    .isInstanceOf(ConfigException.class).hasMessageContaining("is another network: it lacks"));
        });
        ResNetShape s = Case.POST_B.shape;
        ResNetShape group = new ResNetShape(s.block(), s.order(), s.depths(), 4, s.shortcut(), Norm.GROUP, 2, 1,
                s.stem(), false, 0,
                0, 0, 1e-5, 0.1, 2, 8, 8, 3);
        assertThatThrownBy(() -> new ResNetExchange(group, ForwardMultipliers.standard(1))
                .export(n -> null, null, temp.resolve("x")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContainingAll("expected model.norm batch", "found norm group", "none for group norm");
    }
}
