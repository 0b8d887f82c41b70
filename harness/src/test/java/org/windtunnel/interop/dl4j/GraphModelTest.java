package org.windtunnel.interop.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.nd4j.Nd4jBackend;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ModelSpec;
import org.windtunnel.config.TrainSpec.Loss;
import org.windtunnel.data.DataShape;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.Model;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Role;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

class GraphModelTest {
    private static final int BATCH = 5;
    private static final int[] CLASSES = {0, 2, 1, 1, 0};
    private static final double GRAD_SCALE = 0.2;

    @TempDir
    Path temp;

    private final Backend exact = new Nd4jBackend(DType.FLOAT64);

    private interface WithModel {
        void accept(Model model) throws IOException;
    }

    private void model(GraphFamily family, double readout, WithModel use) throws IOException {
        try (Arena arena = Arena.of(exact::allocate, exact.floatType())) {
            Model model = family.build(exact, new ForwardMultipliers(1, 1, 1, readout), BATCH, Loss.CROSS_ENTROPY, 1,
                    arena);
            Rng rng = new Rng(3, 4);
            long at = 0;
            for (ParamSpec p : family.parameters()) {
                double[] values = new double[(int) p.size()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = (p.role() == Role.NORM_GAIN ? 1 : 0) + 0.4 * rng.gaussian(at++);
                }
                model.parameters().weight(p.name()).set(values);
            }
            double[] pixels = new double[model.inputs().intSize()];
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] = rng.gaussian(at++);
            }
            model.inputs().set(pixels);
            model.targets().set(CLASSES);
            use.accept(model);
        }
    }

    /** Every parameter's gradient, its first, middle and last element, against central differences. */
    @ParameterizedTest
    @EnumSource(names = {"RESIDUAL", "DENSE"})
    void gradientsAreFiniteDifferences(Graphs graph) throws IOException {
        model(graph.family(temp, 4), 0.5, model -> {
            double[] sums = new double[3];
            model.forwardBackward(GRAD_SCALE, 0.1, false, sums);
            Map<String, double[]> gradients = new LinkedHashMap<>();
            for (ParamSpec p : model.parameters().specs()) {
                gradients.put(p.name(), model.parameters().gradient(p.name()).toDoubles());
            }
            gradients.forEach((name, gradient) -> {
                Tensor weight = model.parameters().weight(name);
                double[] values = weight.toDoubles();
                for (int i : new int[] {0, values.length / 2, values.length - 1}) {
                    double numeric = (loss(model, weight, values, i, 1e-5) - loss(model, weight, values, i,
                            -1e-5)) / 2e-5;
                    assertThat(gradient[i]).as(name + " at " + i).isCloseTo(numeric, within(1e-7));
                }
            });
        });
    }

    private static double loss(Model model, Tensor weight, double[] values, int at, double by) {
        double[] moved = values.clone();
        moved[at] += by;
        weight.set(moved);
        double[] sums = new double[3];
        model.forwardBackward(GRAD_SCALE, 0.1, false, sums);
        weight.set(values);
        return GRAD_SCALE * (sums[0] + 0.1 * sums[1]);
    }

    /** What Deeplearning4j says of the same network without the harness: mean score, and gradients as sums. */
    @ParameterizedTest
    @EnumSource(names = {"RESIDUAL", "DENSE"})
    void agreesWithTheGraphOnItsOwn(Graphs graph) throws IOException {
        GraphFamily family = graph.family(temp, 4);
        model(family, 1, model -> {
            double[] sums = new double[3];
            model.forwardBackward(GRAD_SCALE, 0, false, sums);
            var own = graph.configuration();
            own.setDataType(DataType.DOUBLE);
            ComputationGraph alone = new ComputationGraph(own);
            alone.init();
            double[] flat = alone.params().toDoubleVector();
            family.layout().parameters().forEach(p -> System.arraycopy(
                    model.parameters().weight(p.spec().name()).toDoubles(), 0, flat, p.begin(), p.size()));
            alone.params().assign(Nd4j.createFromArray(flat));
            INDArray labels = Nd4j.zeros(DataType.DOUBLE, BATCH, 3);
            for (int i = 0; i < BATCH; i++) {
                labels.putScalar(i, CLASSES[i], 1);
            }
            alone.setInputs(GraphArrays.array(model.inputs(), DataType.DOUBLE,
                    graph == Graphs.DENSE ? new long[] {BATCH, 72} : new long[] {BATCH, 2, 6, 6}));
            alone.setLabels(labels);
            alone.computeGradientAndScore();
            double decay = alone.calcRegularizationScore(true);
            assertThat(sums[0] / BATCH).isCloseTo(alone.score() - decay, within(1e-10));
            assertThat(sums[2]).isEqualTo(BATCH);
            double[] summed = alone.getFlattenedGradients().toDoubleVector();
            for (GraphLayout.Segment s : family.layout().parameters()) {
                double[] ours = model.parameters().gradient(s.spec().name()).toDoubles();
                for (int i = 0; i < ours.length; i++) {
                    assertThat(ours[i]).as(s.spec().name()).isCloseTo(GRAD_SCALE * summed[s.begin() + i],
                            within(1e-12));
                }
            }
        });
    }

    @Test
    void runningStatisticsAreBuffersThatFollowTheBatches() throws IOException {
        model(Graphs.RESIDUAL.family(temp, 4), 1, model -> {
            assertThat(model.parameters().specs().stream().map(ParamSpec::name))
                    .containsExactlyInAnyOrder("stem.W", "stem.b", "bn.gamma", "bn.beta", "conv.W", "conv.b", "dense.W",
                            "dense.b", "out.W", "out.b");
            assertThat(model.buffers().keySet()).containsExactlyInAnyOrder("bn.mean", "bn.log10stdev");
            double[] sums = new double[3];
            model.evaluate(sums);
            assertThat(model.buffers().get("bn.mean").toDoubles()).containsOnly(0);
            double untrained = sums[0];
            for (int i = 0; i < 40; i++) {
                model.forwardBackward(GRAD_SCALE, 0, false, sums);
            }
            double training = sums[0];
            assertThat(model.buffers().get("bn.mean").toDoubles()).doesNotContain(0);
            // After many passes over one batch its statistics are the running ones, up to the batch's own noise.
            model.evaluate(sums);
            assertThat(sums[0]).isCloseTo(training, within(0.05));
            assertThat(sums[0]).isNotCloseTo(untrained, within(1e-2));
        });
    }

    @Test
    void gradientsOfMicroBatchesAddUp() throws IOException {
        model(Graphs.DENSE.family(temp, 4), 1, model -> {
            double[] sums = new double[3];
            model.forwardBackward(GRAD_SCALE, 0, false, sums);
            double[] once = model.parameters().gradients().toDoubles();
            model.forwardBackward(GRAD_SCALE, 0, true, sums);
            double[] twice = model.parameters().gradients().toDoubles();
            for (int i = 0; i < once.length; i++) {
                assertThat(twice[i]).isCloseTo(2 * once[i], within(1e-12));
            }
        });
    }

    @Test
    void dropoutDrawsByThePassThatIsSaved() throws IOException {
        model(Graphs.FLATTENED.family(temp, 4), 1, model -> {
            double[] first = new double[3];
            double[] second = new double[3];
            double[] again = new double[3];
            model.forwardBackward(1, 0, false, first);
            model.forwardBackward(1, 0, false, second);
            model.buffers().get("dropout.passes").set(0);
            model.forwardBackward(1, 0, false, again);
            assertThat(again[0]).isEqualTo(first[0]).isNotEqualTo(second[0]);
        });
    }

    @Test
    void rolesAreInferredOrDeclared() throws IOException {
        GraphFamily family = Graphs.RESIDUAL.family(temp, 4);
        Map<String, Role> roles = new LinkedHashMap<>();
        family.parameters().forEach(p -> roles.put(p.name(), p.role()));
        assertThat(roles).containsEntry("stem.W", Role.STEM).containsEntry("conv.W", Role.HIDDEN)
                .containsEntry("dense.W", Role.HIDDEN).containsEntry("out.W", Role.READOUT)
                .containsEntry("out.b", Role.BIAS)
                .containsEntry("bn.gamma", Role.NORM_GAIN).containsEntry("bn.beta", Role.BIAS);
        ParamSpec dense = family.parameters().stream().filter(p -> p.name().equals("dense.W")).findFirst()
                .orElseThrow();
        assertThat(dense.shape()).containsExactly(8, 4);
        assertThat(dense.fanIn()).isEqualTo(4);
        String file = Graphs.RESIDUAL.spec(temp, 4).file();
        Map<String, ModelSpec.ParameterRole> declared = Map.of("dense\\.W", ModelSpec.ParameterRole.EMBEDDING);
        GraphFamily other = new GraphFamily(new ModelSpec.Dl4j(file, 4, declared), Graphs.DATA);
        assertThat(other.parameters().stream().filter(p -> p.role() == Role.EMBEDDING).map(ParamSpec::name))
                .containsExactly("dense.W");
        refused(new ModelSpec.Dl4j(file, 4, Map.of("nothing", ModelSpec.ParameterRole.BIAS)), Graphs.DATA,
                "matches no parameter");
        refused(new ModelSpec.Dl4j(file, 4, Map.of("(", ModelSpec.ParameterRole.BIAS)), Graphs.DATA,
                "no regular expression");
    }

    @ParameterizedTest
    @EnumSource
    void scalesWithItsWidth(Graphs graph) throws IOException {
        GraphFamily family = graph.family(temp, 12);
        Map<String, int[]> shapes = new LinkedHashMap<>();
        family.parameters().forEach(p -> shapes.put(p.name(), p.shape()));
        String dense = graph == Graphs.DENSE ? "dense2.W" : "dense.W";
        assertThat(shapes.get(dense)[0]).isEqualTo(24);
        assertThat(shapes.get(dense)[1]).isEqualTo(graph == Graphs.FLATTENED ? 12 * 36 : 12);
        assertThat(shapes.get("out.W")).containsExactly(3, 24);
        model(family, 1, model -> {
            double[] sums = new double[3];
            model.forwardBackward(GRAD_SCALE, 0, false, sums);
            assertThat(sums[0]).isFinite().isPositive();
        });
    }

    @Test
    void whatDoesNotFitIsSaid() throws IOException {
        refused(Graphs.DENSE.spec(temp, 4), new DataShape.Images(1, 6, 6, 3),
                "layer dense1 is for 72 inputs, found 36");
        refused(Graphs.DENSE.spec(temp, 4), new DataShape.Images(2, 6, 6, 10), "expected 10 outputs");
        refused(new ModelSpec.Dl4j(temp.resolve("none.json").toString(), 4, Map.of()), Graphs.DATA, "no such file");
        Path text = Files.writeString(temp.resolve("text.json"), "{\"a\": 1}");
        refused(new ModelSpec.Dl4j(text.toString(), 4, Map.of()), Graphs.DATA,
                "expected the JSON of a ComputationGraphConfiguration");
        Path zip = Files.write(temp.resolve("bad.zip"), new byte[] {'P', 'K', 3, 4, 0, 0});
        refused(new ModelSpec.Dl4j(zip.toString(), 4, Map.of()), Graphs.DATA,
                "expected a zip that ModelSerializer wrote");
        assertThatThrownBy(() -> Graphs.DENSE.family(temp, 4)
                        .build(null, new ForwardMultipliers(1, 1, 0.5, 1), 1, Loss.CROSS_ENTROPY, 1,
                        Arena.counting(DType.FLOAT32)))
                .isInstanceOf(ConfigException.class).hasMessageContaining("residual branches");
    }

    private static void refused(ModelSpec.Dl4j spec, DataShape.Images data, String said) {
        assertThatThrownBy(() -> new GraphFamily(spec, data)).isInstanceOf(ConfigException.class)
                .hasMessageContaining(said);
    }

    @Test
    void planSaysThatConvolutionsAreSlow() throws IOException {
        assertThat(Graphs.RESIDUAL.family(temp, 4).remarks()).hasSize(1).first().asString().contains("slow on the CPU");
        assertThat(Graphs.DENSE.family(temp, 4).remarks()).isEqualTo(List.of());
        // 36 pixels: 2 x 4 and 4 x 4 filters of 3 x 3; then 4 x 8 and 8 x 3 once; a multiply-add is two, backward two
        // more.
        assertThat(Graphs.RESIDUAL.family(temp, 4).flopsPerUnit()).isEqualTo(6 * (36 * 9 * (8 + 16) + 32 + 24));
    }
}
