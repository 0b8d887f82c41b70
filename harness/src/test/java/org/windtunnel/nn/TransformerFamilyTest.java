package org.windtunnel.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ModelSpec;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;

class TransformerFamilyTest {
    private static ModelSpec.Gpt gpt(int width, int heads, boolean bias, boolean tied) {
        return new ModelSpec.Gpt(width, 3, heads, null, 32, 4, bias, tied, ModelSpec.Activation.GELU_TANH, 1e-5);
    }

    private static ModelSpec.Llama llama(int width, int heads, Integer kvHeads, double multiple) {
        return new ModelSpec.Llama(width, 3, heads, null, kvHeads, 32, multiple, true, 10_000, false, 1e-5);
    }

    @Test
    void countsOfGptMatchTheClosedForm() {
        int d = 48;
        int v = 100;
        ParameterCounts tied =
                ParameterCounts.of(TransformerFamily.declare(TransformerShape.of(gpt(d, 4, true, true), v)));
        assertThat(tied.embedding()).isEqualTo(v * d + 32 * d);
        // per block: 12 D² matrices, 9 D biases of linear layers, 4 D of norms; then the last norm
        assertThat(tied.nonEmbedding()).isEqualTo(3 * (12 * d * d + 9 * d + 4 * d) + 2 * d);
        ParameterCounts untied =
                ParameterCounts.of(TransformerFamily.declare(TransformerShape.of(gpt(d, 4, false, false), v)));
        assertThat(untied.nonEmbedding()).isEqualTo(3 * (12 * d * d + 2 * d) + d + v * d);
        assertThat(untied.total()).isEqualTo(untied.embedding() + untied.nonEmbedding());
    }

    @Test
    void flopsAreSixPerMatrixElementAndHalfTheAttentionSquare() {
        int d = 48;
        int v = 100;
        double expected = 6.0 * (3 * 12 * d * d + v * d) + 12.0 * 3 * d * 32 / 2;
        for (boolean tied : new boolean[] {true, false}) {
            TransformerShape shape = TransformerShape.of(gpt(d, 4, true, tied), v);
            assertThat(FlopCounter.perToken(shape, TransformerFamily.declare(shape))).isEqualTo(expected);
        }
    }

    @Test
    void neighboursOfLlamaFuse() {
        TransformerShape shape = TransformerShape.of(llama(48, 6, 2, 2.6667), 100);
        Parameters parameters = new Parameters(TransformerFamily.declare(shape), Arena.counting(DType.FLOAT32));
        assertThat(parameters
                        .matrix("layers.1.q_proj.weight", "layers.1.k_proj.weight", "layers.1.v_proj.weight").weight()
                        .shape())
                .containsExactly(48 + 16 + 16, 48);
        assertThat(parameters.matrix("layers.2.gate_proj.weight", "layers.2.up_proj.weight").gradient().shape())
                .containsExactly(2 * 128, 48);
    }

    @Test
    void feedForwardWidthRoundsUpToAMultipleOfEight() {
        assertThat(TransformerShape.of(llama(96, 6, null, 2.6667), 10).ffnWidth()).isEqualTo(256);
        assertThat(TransformerShape.of(llama(64, 4, null, 2.6667), 10).ffnWidth()).isEqualTo(176);
    }

    @Test
    void onlyOutputsOfBranchesAreResidual() {
        List<ParamSpec> specs = TransformerFamily.declare(TransformerShape.of(gpt(48, 4, true, false), 100));
        assertThat(specs.stream().filter(ParamSpec::residual).map(ParamSpec::name).filter(n -> n.contains("h.1.")))
                .containsExactly(
                        "transformer.h.1.attn.c_proj.weight",
                        "transformer.h.1.attn.c_proj.bias",
                        "transformer.h.1.mlp.c_proj.weight",
                        "transformer.h.1.mlp.c_proj.bias");
        ParamSpec down = specs.stream()
                .filter(s -> s.name().endsWith("h.1.mlp.c_proj.weight"))
                .findFirst()
                .orElseThrow();
        assertThat(down.fanIn()).isEqualTo(192);
        assertThat(down.fanOut()).isEqualTo(48);
        assertThat(down.layer()).isEqualTo(1);
    }

    @Test
    void impossibleShapesAreTheUsersMistakes() {
        assertThatThrownBy(() -> TransformerShape.of(llama(48, 6, 4, 2.6667), 10))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("kv_heads");
        assertThatThrownBy(() -> TransformerShape.of(llama(54, 6, null, 2.6667), 10))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("even head_dim");
        assertThatThrownBy(() -> TransformerShape.of(gpt(48, 5, false, false), 10)).isInstanceOf(ConfigException.class);
        assertThatThrownBy(() -> TransformerShape.of(gpt(0, 4, false, false), 10))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("positive width");
    }
}
