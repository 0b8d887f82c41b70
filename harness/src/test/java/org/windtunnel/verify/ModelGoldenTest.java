package org.windtunnel.verify;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.backend.cuda.CudaBackend;
import org.windtunnel.backend.cuda.EmulatedDevice;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.backend.nd4j.Nd4jBackend;
import org.windtunnel.tensor.DType;

class ModelGoldenTest {
    private final ModelGolden format = new ModelGolden();

    @ParameterizedTest
    @ValueSource(strings = {"gpt_tiny", "gpt_mup_tiny", "gpt_completep_tiny", "llama_tiny",
        "resnet_tiny", "resnet_preact_tiny"})
    void cpu(String file) throws IOException {
        passes(file, () -> new CpuBackend(2));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt_mup_tiny", "llama_tiny",
        "resnet_tiny", "resnet_preact_tiny"})
    void nd4jInSinglePrecision(String file) throws IOException {
        passes(file, () -> new Nd4jBackend(DType.FLOAT32));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt_tiny", "gpt_mup_tiny", "gpt_completep_tiny", "llama_tiny",
        "resnet_tiny", "resnet_preact_tiny"})
    void nd4jInDoublePrecision(String file) throws IOException {
        passes(file, () -> new Nd4jBackend(DType.FLOAT64));
    }

    /** The kernels of the GPU run on the processor. */
    @ParameterizedTest
    @ValueSource(strings = {"resnet_tiny", "resnet_preact_tiny"})
    void cudaOnAnEmulatedDevice(String file) throws IOException {
        passes(file, () -> new CudaBackend(new EmulatedDevice(), Operands.FP32));
    }

    private void passes(String file, Supplier<Backend> backend) throws IOException {
        JsonNode root = read(file);
        assertThat(format.unsupported(file, root)).isNull();
        assertThat(format.replay(file, root, backend)).isNotEmpty().allMatch(Check::passed);
    }

    /** Runs replayed and left out, so that none disappears unnoticed. */
    @ParameterizedTest
    @CsvSource({"gpt_tiny, 4, 0", "gpt_mup_tiny, 3, 0", "gpt_completep_tiny, 1, 0", "llama_tiny, 7, 0",
        "resnet_tiny, 4, 0", "resnet_preact_tiny, 4, 0"})
    void everyRunIsReplayedOrReported(String file, int replayed, int leftOut) throws IOException {
        JsonNode root = read(file);
        assertThat(format.unsupportedParts(file, root)).hasSize(leftOut);
        List<Check> checks = format.replay(file, root, () -> new CpuBackend(1));
        assertThat(checks.stream().filter(c -> c.quantity().startsWith("final weights:"))).hasSize(replayed);
        assertThat(checks.stream().filter(c -> c.quantity().startsWith("grad "))).hasSize(root.get("params").size());
    }

    @Test
    void aChangedGradientFails() throws IOException {
        JsonNode root = read("gpt_tiny");
        ArrayNode gradient = (ArrayNode) root.get("grads").get("transformer.h.1.mlp.c_fc.weight");
        gradient.set(7, DoubleNode.valueOf(gradient.get(7).asDouble() + 1e-4));
        assertThat(format.replay("changed", root, () -> new CpuBackend(1)).stream().filter(c -> !c.passed()))
                .singleElement()
                .satisfies(c -> assertThat(c.quantity()).isEqualTo("grad transformer.h.1.mlp.c_fc.weight"));
    }

    @Test
    void aModelOfAnotherFamilyIsNotSupported() throws IOException {
        JsonNode root = new ObjectMapper().readTree("{\"model\": \"LeNet\", \"params\": {\"conv1.weight\": {}}}");
        assertThat(format.unsupported("lenet", root)).contains("LeNet");
    }

    private static JsonNode read(String file) throws IOException {
        try (InputStream in = ModelGoldenTest.class.getResourceAsStream("/golden/" + file + ".json")) {
            return new ObjectMapper().readTree(in);
        }
    }
}
