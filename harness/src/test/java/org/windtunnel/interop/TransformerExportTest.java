package org.windtunnel.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.checkpoint.SafetensorsFile;
import org.windtunnel.checkpoint.SafetensorsWriter;
import org.windtunnel.checkpoint.TensorType;
import org.windtunnel.config.ConfigException;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Role;
import org.windtunnel.nn.Transformer;
import org.windtunnel.nn.TransformerShape;
import org.windtunnel.nn.TransformerShape.Flavour;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Rng;

class TransformerExportTest {
    private static final ForwardMultipliers SCALED = new ForwardMultipliers(1.7, 0.4, 0.6, 0.8);
    private static final int[] TOKENS = {3, 10, 0, 7, 7, 1, 9};

    @TempDir
    Path temp;

    private final Backend backend = new CpuBackend(1);

    enum Case {
        GPT_TIED(new TransformerShape(Flavour.GPT, 15, 2, 3, 3, 5, 7, 11, 26, Activation.GELU_ERF, true, true, false,
                0, 1e-5)),
        GPT(new TransformerShape(Flavour.GPT, 15, 2, 3, 3, 5, 7, 11, 26, Activation.GELU_ERF, false, false, false, 0,
                1e-5)),
        LLAMA_TIED(new TransformerShape(Flavour.LLAMA, 18, 2, 3, 1, 6, 7, 11, 13, null, false, true, false, 100, 1e-5)),
        LLAMA_QK_NORM(new TransformerShape(Flavour.LLAMA, 18, 2, 3, 3, 6, 7, 11, 13, null, false, false, true, 100,
                1e-5));

        private final TransformerShape shape;

        Case(TransformerShape shape) {
            this.shape = shape;
        }
    }

    private interface WithModel {
        void accept(Transformer model) throws IOException;
    }

    private void model(TransformerShape shape, ForwardMultipliers multipliers, WithModel use) throws IOException {
        try (Arena arena = Arena.of(backend::allocate, backend.floatType())) {
            Transformer model = new Transformer(backend, shape, multipliers, 1, arena);
            Rng rng = new Rng(5, 6);
            long at = 0;
            for (ParamSpec p : model.parameters().specs()) {
                double[] values = new double[(int) p.size()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = (p.role() == Role.NORM_GAIN ? 1 : 0) + 0.3 * rng.gaussian(at++);
                }
                model.parameters().weight(p.name()).set(values);
            }
            model.inputs().set(TOKENS);
            use.accept(model);
        }
    }

    /** A checkpoint's file of the model's weights. */
    private SafetensorsFile saved(Transformer model) throws IOException {
        Map<String, TensorType> types = new LinkedHashMap<>();
        model.parameters().specs().forEach(p -> types.put(p.name(), new TensorType(DType.FLOAT32, p.shape())));
        Path file = temp.resolve("weights.safetensors");
        SafetensorsWriter.write(file, types, Map.of(), name -> model.parameters().weight(name).toDoubles());
        return SafetensorsFile.open(file);
    }

    private Path export(Transformer model, TransformerShape shape, ForwardMultipliers m,
            boolean fold) throws IOException {
        try (SafetensorsFile weights = saved(model)) {
            return new TransformerExport(shape, m, Map.of("family", "test"), "a test")
                    .write(weights, fold, temp.resolve("out.safetensors"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void comesBackBitForBit(Case c) throws IOException {
        model(c.shape, SCALED, model -> {
            Path file = export(model, c.shape, SCALED, false);
            float[] before = model.parameters().weights().toFloats();
            model.parameters().weights().set(new float[before.length]);
            InitialWeights.load(file, c.shape, SCALED, model.parameters());
            assertThat(model.parameters().weights().toFloats()).isEqualTo(before);
        });
    }

    @ParameterizedTest
    @EnumSource
    void staysTheSameFunctionUnderOtherConstants(Case c) throws IOException {
        for (boolean fold : new boolean[] {false, true}) {
            model(c.shape, SCALED, model -> {
                Path file = export(model, c.shape, SCALED, fold);
                double[] expected = model.logits().toDoubles();
                model(c.shape, ForwardMultipliers.standard(c.shape.headDim()), other -> {
                    assertThat(distance(other.logits().toDoubles(), expected)).isGreaterThan(0.1);
                    InitialWeights.load(file, c.shape, ForwardMultipliers.standard(c.shape.headDim()),
                            other.parameters());
                    assertThat(distance(other.logits().toDoubles(), expected)).isCloseTo(0, within(2e-5));
                });
            });
        }
    }

    @ParameterizedTest
    @EnumSource(names = "LLAMA.*", mode = EnumSource.Mode.MATCH_ALL)
    void huggingFacesLlamaComputesTheSameLogits(Case c) throws IOException {
        model(c.shape, SCALED, model -> {
            double[] expected = model.logits().toDoubles();
            try (SafetensorsFile file = SafetensorsFile.open(export(model, c.shape, SCALED, true))) {
                double[][] logits = new HuggingFaceLlama(file).logits(TOKENS);
                double[] flat = Arrays.stream(logits).flatMapToDouble(Arrays::stream).toArray();
                assertThat(distance(flat, expected)).isCloseTo(0, within(2e-5));
                assertThat(file.names()).contains("model.layers.1.self_attn.o_proj.weight", "model.norm.weight",
                        "model.layers.0.post_attention_layernorm.weight", "model.layers.0.mlp.gate_proj.weight");
            }
        });
    }

    private static double distance(double[] a, double[] b) {
        assertThat(a).hasSameSizeAs(b);
        double largest = 0;
        for (int i = 0; i < a.length; i++) {
            largest = Math.max(largest, Math.abs(a[i] - b[i]));
        }
        return largest;
    }

    @Test
    void aFileOfAnotherModelIsRefusedAndNothingChanged() throws IOException {
        TransformerShape shape = Case.GPT.shape;
        model(shape, SCALED, model -> {
            Path file = export(model, shape, SCALED, false);
            model.parameters().weights().set(new float[model.parameters().weights().intSize()]);
            refused(rewritten(file, "lm_head.weight", null), model,
                    "it lacks [lm_head.weight]; it was made by model: {family: test}");
            refused(rewritten(file, "more", new int[] {2}), model, "only it has [more]");
            refused(rewritten(file, "transformer.h.1.mlp.c_fc.weight", new int[] {15, 26}), model, "Conv1D",
                    "transpose");
            refused(rewritten(file, "lm_head.weight", new int[] {12, 15}), model, "is [12, 15], expected [11, 15]");
            refused(Files.writeString(temp.resolve("text"), "no tensors in here"), model, "is no safetensors file");
            refused(temp.resolve("nowhere"), model, "no such file");
            assertThat(model.parameters().weights().toFloats()).containsOnly(0);
        });
    }

    @Test
    void aTiedReadoutMayBeNamedTwice() throws IOException {
        TransformerShape shape = Case.GPT_TIED.shape;
        model(shape, SCALED, model -> {
            Path file = export(model, shape, SCALED, false);
            double[] table = model.parameters().weight("transformer.wte.weight").toDoubles();
            InitialWeights.load(with(file, "lm_head.weight", new int[] {11, 15}, table), shape, SCALED,
                    model.parameters());
            table[3] = 0;
            Path other = with(file, "lm_head.weight", new int[] {11, 15}, table);
            assertThatThrownBy(() -> InitialWeights.load(other, shape, SCALED, model.parameters()))
                    .isInstanceOf(ConfigException.class).hasMessageContaining("lm_head.weight differs");
        });
    }

    private void refused(Path file, Transformer model, String... said) {
        assertThatThrownBy(() -> InitialWeights.load(file, Case.GPT.shape, SCALED, model.parameters()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContainingAll(said);
    }

    /** The file with a tensor left out, or of another shape. */
    private Path rewritten(Path file, String tensor, int[] shape) throws IOException {
        return with(file, tensor, shape, shape == null ? null
                : new double[(int) org.windtunnel.tensor.Tensor.sizeOf(shape)]);
    }

    private Path with(Path file, String tensor, int[] shape, double[] values) throws IOException {
        Path copy = temp.resolve("copy.safetensors");
        try (SafetensorsFile from = SafetensorsFile.open(file)) {
            Map<String, TensorType> types = new LinkedHashMap<>();
            for (String name : from.names()) {
                types.put(name, from.type(name));
            }
            types.remove(tensor);
            if (shape != null) {
                types.put(tensor, new TensorType(DType.FLOAT32, shape));
            }
            SafetensorsWriter.write(copy, types, from.metadata(), n -> n.equals(tensor) ? values : from.values(n));
        }
        return copy;
    }

    @Test
    void aDirectoryGetsHuggingFacesConfig() throws IOException {
        TransformerShape shape = Case.LLAMA_QK_NORM.shape;
        model(shape, SCALED, model -> {
            try (SafetensorsFile weights = saved(model)) {
                Path file = new TransformerExport(shape, SCALED, Map.of(), "a test").write(weights, true, temp);
                assertThat(file).isEqualTo(temp.resolve("model.safetensors")).isNotEmptyFile();
            }
            assertThat(Files.readString(temp.resolve("config.json"))).contains("Qwen3ForCausalLM",
                    "\"rope_theta\" : 100.0");
            assertThat(Files.list(temp).filter(p -> p.toString().endsWith(".partial")))
                    .isEmpty();
        });
    }
}
