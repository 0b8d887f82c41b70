package org.windtunnel.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
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
        SafetensorsWriter.write(file, types, false, Map.of(), name -> model.parameters().weight(name).toDoubles());
        return SafetensorsFile.open(file);
    }

    private Path export(Transformer model, TransformerShape shape, ForwardMultipliers m,
            boolean fold) throws IOException {
        return export(model, shape, m, fold, false);
    }

    private Path export(Transformer model, TransformerShape shape, ForwardMultipliers m, boolean fold,
            boolean bf16) throws IOException {
        try (SafetensorsFile weights = saved(model)) {
            return new TransformerExport(shape, m, Map.of("family", "test"), "a test")
                    .write(weights, fold, bf16, temp.resolve("out.safetensors"));
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

    /** Every 16-bit pattern once, as the definitions of the two formats have it. */
    @Test
    void halfPrecisionIsReadExactly() throws IOException {
        for (String type : new String[] {"BF16", "F16"}) {
            ByteBuffer out = ByteBuffer.allocate(1 << 18).order(ByteOrder.LITTLE_ENDIAN);
            byte[] header = ("{\"x\":{\"dtype\":\"" + type + "\",\"shape\":[256,256],\"data_offsets\":[0,131072]}}")
                    .getBytes(StandardCharsets.UTF_8);
            out.putLong(header.length).put(header);
            for (int bits = 0; bits < 1 << 16; bits++) {
                out.putShort((short) bits);
            }
            Path path = Files.write(temp.resolve(type), Arrays.copyOf(out.array(), out.position()));
            try (SafetensorsFile file = SafetensorsFile.open(path)) {
                assertThat(file.type("x").dtype()).isEqualTo(DType.FLOAT32);
                double[] values = file.values("x");
                int fractionBits = type.equals("F16") ? 10 : 7;
                int exponents = 1 << 15 - fractionBits;
                for (int bits = 0; bits < 1 << 16; bits++) {
                    double fraction = (bits % (1 << fractionBits)) / (double) (1 << fractionBits);
                    int exponent = bits % (1 << 15) >> fractionBits;
                    double size = exponent == exponents - 1 ? fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN
                            : exponent == 0 ? fraction * Math.pow(2, 2 - exponents / 2)
                            : (1 + fraction) * Math.pow(2, exponent + 1 - exponents / 2);
                    assertThat(values[bits]).as(type + " " + bits)
                            .isEqualTo(Double.valueOf(bits >= 1 << 15 ? -size : size));
                }
            }
        }
    }

    /** Loaded weights are the nearest numbers of eight significant bits, and go out again as the same bytes. */
    @ParameterizedTest
    @EnumSource
    void halfPrecisionGoesOutAndComesBack(Case c) throws IOException {
        model(c.shape, SCALED, model -> {
            float[] before = model.parameters().weights().toFloats();
            long whole = Files.size(export(model, c.shape, SCALED, false));
            Path file = export(model, c.shape, SCALED, false, true);
            byte[] bytes = Files.readAllBytes(file);
            assertThat(whole - bytes.length).isBetween(2L * before.length - 512, 2L * before.length + 512);
            InitialWeights.load(file, c.shape, SCALED, model.parameters());
            float[] after = model.parameters().weights().toFloats();
            for (int i = 0; i < before.length; i++) {
                assertThat(Float.floatToRawIntBits(after[i]) & 0xFFFF).isZero();
                double place = Math.scalb(1.0, Math.getExponent(before[i]) - 7);
                assertThat(Math.abs((double) after[i] - before[i])).isLessThanOrEqualTo(place / 2);
            }
            assertThat(Files.readAllBytes(export(model, c.shape, SCALED, false, true))).isEqualTo(bytes);
        });
    }

    @Test
    void halfPrecisionRoundsTiesToEven() throws IOException {
        double[] values = {1 + 1 / 256.0, 1 + 3 / 256.0, -1 - 1 / 256.0 - 1e-6, -0.0, Float.MAX_VALUE,
            Float.NEGATIVE_INFINITY, Float.MIN_VALUE, Float.intBitsToFloat(0x7F800001)};
        Path file = temp.resolve("ties.safetensors");
        SafetensorsWriter.write(file, Map.of("x", new TensorType(DType.FLOAT32, new int[] {values.length})), true,
                Map.of(), name -> values);
        try (SafetensorsFile found = SafetensorsFile.open(file)) {
            assertThat(found.values("x")).containsExactly(1, 1 + 1 / 64.0, -1 - 1 / 128.0, -0.0,
                    Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 0, Double.NaN);
        }
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
            SafetensorsWriter.write(copy, types, false, from.metadata(),
                    n -> n.equals(tensor) ? values : from.values(n));
        }
        return copy;
    }

    @Test
    void aDirectoryGetsHuggingFacesConfig() throws IOException {
        TransformerShape shape = Case.LLAMA_QK_NORM.shape;
        model(shape, SCALED, model -> {
            try (SafetensorsFile weights = saved(model)) {
                Path file = new TransformerExport(shape, SCALED, Map.of(), "a test").write(weights, true, true, temp);
                assertThat(file).isEqualTo(temp.resolve("model.safetensors")).isNotEmptyFile();
            }
            assertThat(Files.readString(temp.resolve("config.json"))).contains("Qwen3ForCausalLM",
                    "\"rope_theta\" : 100.0", "\"torch_dtype\" : \"bfloat16\"");
            assertThat(Files.list(temp).filter(p -> p.toString().endsWith(".partial")))
                    .isEmpty();
        });
    }
}
