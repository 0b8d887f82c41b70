package org.windtunnel.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CardTest {

    /** Names as {@code cuDeviceGetName} gives them, dense TFLOP/s in bf16 (-1: none) and GB/s. */
    @ParameterizedTest
    @CsvSource({
        "NVIDIA H100 80GB HBM3, 989.4, 3350",
        "NVIDIA H100 PCIe, 756, 2000",
        "NVIDIA H100 NVL, 835.5, 3900",
        "NVIDIA H200, 989.4, 4800",
        "NVIDIA H200 NVL, 835.5, 4800",
        "NVIDIA GH200 480GB, 989.4, 4000",
        "NVIDIA B200, 2250, 8000",
        "NVIDIA A100-SXM4-40GB, 312, 1555",
        "NVIDIA A100-SXM4-80GB, 312, 2039",
        "NVIDIA A100 80GB PCIe, 312, 1935",
        "NVIDIA L40S, 362, 864",
        "NVIDIA L4, 121, 300",
        "NVIDIA RTX 6000 Ada Generation, 364.2, 960",
        "NVIDIA GeForce RTX 4090, 165.2, 1008",
        "Tesla T4, -1, 320",
        "Tesla V100-SXM2-16GB, -1, 900",
        "Tesla V100-PCIE-32GB, -1, 900",
        "Tesla V100S-PCIE-32GB, -1, 1134"
    })
    void knownCards(String name, double bf16, double gigabytesPerSecond) {
        Card card = Card.of(name).orElseThrow();
        assertThat(card.peakFlops(Operands.BF16))
                .isEqualTo(bf16 < 0 ? OptionalDouble.empty() : OptionalDouble.of(bf16 * 1e12));
        assertThat(card.gigabytesPerSecond()).isEqualTo(gigabytesPerSecond);
        assertThat(card.peakFlops(Operands.FP32)).isPresent();
    }

    @ParameterizedTest
    @ValueSource(strings = {"NVIDIA H800", "NVIDIA A100-SXM4-40GB MIG 1g.5gb", "NVIDIA GeForce RTX 4090 D",
        "NVIDIA A10G", "GRID A10-4Q", "NVIDIA GeForce RTX 4090 Laptop GPU", "NVIDIA H100", "stand-in", ""})
    void anyOtherNameIsNotInTheTable(String name) {
        assertThat(Card.of(name)).isEmpty();
    }

    @Test
    void precisionPicksItsPeak() {
        Card h200 = Card.of("NVIDIA H200").orElseThrow();
        assertThat(h200.peakFlops(Operands.FP32)).hasValue(67e12);
        assertThat(h200.peakFlops(Operands.TF32)).hasValue(494.7e12);
        assertThat(h200.peakFlops(Operands.BF16)).hasValue(989.4e12);
        assertThat(h200.describe(Operands.TF32)).isEqualTo("494.7 TFLOP/s tf32, 4800 GB/s");
        assertThat(Card.of("Tesla V100-SXM2-16GB").orElseThrow().describe(Operands.BF16))
                .startsWith("no peak known bf16");
    }

    @Test
    void theBackendTellsThePeakOfItsCardAndPrecision() {
        try (CudaBackend unknown = new CudaBackend(new EmulatedDevice(), Operands.BF16);
                CudaBackend known = new CudaBackend(new EmulatedDevice("NVIDIA H200"), Operands.BF16)) {
            assertThat(unknown.peakFlops()).isEmpty();
            assertThat(unknown.describe()).doesNotContainKey("published peak");
            assertThat(known.peakFlops()).hasValue(989.4e12);
            assertThat(known.describe()).containsEntry("published peak", "989.4 TFLOP/s bf16, 4800 GB/s");
        }
    }
}
