package org.windtunnel.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.windtunnel.config.ConfigException;

/** Which attention kernels serve which heads on which card. */
class AttentionTilesTest {
    private static final DeviceInfo VOLTA = card("V100", 7, 0, 96);
    private static final DeviceInfo TURING = card("T4", 7, 5, 64);
    private static final DeviceInfo AMPERE = card("A100", 8, 0, 163);
    private static final DeviceInfo ADA = card("RTX 4090", 8, 9, 99);
    private static final DeviceInfo HOPPER = card("H200", 9, 0, 227);
    private static final DeviceInfo BLACKWELL = card("B200", 10, 0, 227);
    private static final List<DeviceInfo> WITH_TENSOR_CORES = List.of(AMPERE, ADA, HOPPER, BLACKWELL);

    private static DeviceInfo card(String name, int major, int minor, int sharedKib) {
        return new DeviceInfo(name, major, minor, 100, 1L << 34, sharedKib << 10, "");
    }

    private static String forward(int headDim, Operands operands, DeviceInfo card) {
        return AttentionTiles.of(headDim, operands, card).forward().kernel();
    }

    @Test
    void tensorCoresServeRoundedOperandsFromAmpereOn() {
        for (DeviceInfo card : WITH_TENSOR_CORES) {
            assertThat(forward(3, Operands.BF16, card)).isEqualTo("tensor_forward_bf16_32");
            assertThat(forward(64, Operands.BF16, card)).isEqualTo("tensor_forward_bf16_64");
            assertThat(forward(65, Operands.BF16, card)).isEqualTo("tensor_forward_bf16_128");
            assertThat(forward(128, Operands.BF16, card)).isEqualTo("tensor_forward_bf16_128");
            assertThat(forward(64, Operands.TF32, card)).isEqualTo("tensor_forward_tf32_64");
            assertThat(forward(64, Operands.FP32, card)).isEqualTo("attention_forward_64_64");
            assertThat(forward(129, Operands.BF16, card)).startsWith("attention_forward_256");
        }
        assertThat(forward(64, Operands.BF16, VOLTA)).isEqualTo("attention_forward_64_64");
        assertThat(forward(64, Operands.BF16, TURING)).isEqualTo("attention_forward_64_32");
        assertThat(forward(128, Operands.TF32, AMPERE)).isEqualTo("tensor_forward_tf32_128");
        // Backward takes 99.25 KiB.
        assertThat(forward(128, Operands.TF32, ADA)).isEqualTo("attention_forward_128_32");
    }

    /** Whatever is chosen, a block can have its memory, and all kernels of a size come from one choice. */
    @Test
    void blocksHaveTheirMemory() {
        for (DeviceInfo card : List.of(VOLTA, TURING, AMPERE, ADA, HOPPER, BLACKWELL)) {
            for (Operands operands : Operands.values()) {
                for (int headDim : new int[] {1, 16, 32, 33, 64, 65, 128}) {
                    AttentionTiles tiles = AttentionTiles.of(headDim, operands, card);
                    for (AttentionTiles.Pass pass : List.of(tiles.forward(), tiles.keys(), tiles.queries())) {
                        assertThat(pass.sharedBytes()).as(pass.kernel()).isBetween(1, card.sharedBytesPerBlock());
                        assertThat(pass.kernel().startsWith("tensor")).isEqualTo(tiles.source().isPresent());
                        assertThat(width(pass)).isGreaterThanOrEqualTo(headDim);
                    }
                    tiles.source().ifPresent(source -> assertThat(Emulation.names(source.text()))
                            .contains(tiles.forward().kernel(), tiles.keys().kernel(), tiles.queries().kernel(),
                                    tiles.delta()));
                }
            }
        }
    }

    /** The width in a kernel's name: last, or before the tile. */
    private static int width(AttentionTiles.Pass pass) {
        String[] words = pass.kernel().split("_");
        return Integer.parseInt(words[words.length - (pass.kernel().startsWith("tensor") ? 1 : 2)]);
    }

    /** Queries, keys and values of a head of 64: rows of 64 elements and a pad of 16 bytes. */
    @Test
    void memoryOfABlock() {
        assertThat(AttentionTiles.of(64, Operands.BF16, HOPPER).forward())
                .isEqualTo(new AttentionTiles.Pass("tensor_forward_bf16_64", 128, 128, (128 + 2 * 64) * 144));
        assertThat(AttentionTiles.of(64, Operands.BF16, HOPPER).keys().sharedBytes())
                .isEqualTo(2 * (64 + 64) * 144 + 2 * 64 * 4);
        assertThat(AttentionTiles.of(128, Operands.FP32, TURING).keys().kernel())
                .isEqualTo("attention_backward_keys_128_16");
    }

    @Test
    void headsThatDoNotFitAreRefused() {
        assertThatThrownBy(() -> AttentionTiles.of(257, Operands.BF16, HOPPER))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("at most 256")
                .hasMessageContaining("257");
        assertThatThrownBy(() -> AttentionTiles.of(256, Operands.FP32, TURING))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("T4")
                .hasMessageContaining("65536");
    }
}
