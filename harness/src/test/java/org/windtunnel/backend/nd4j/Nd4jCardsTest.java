package org.windtunnel.backend.nd4j;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.windtunnel.config.ConfigException;

class Nd4jCardsTest {
    @Test
    void aCardWithoutCodeIsRefusedWithWhatToUse() {
        assertThatThrownBy(() -> Nd4jCards.requireCode("nd4j-cuda-11.6", Optional.of("NVIDIA H200, 9.0")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("nd4j-cuda-11.6")
                .hasMessageContaining("8.6, found NVIDIA H200 with 9.0")
                .hasMessageContaining("-Pcuda");
        assertThatThrownBy(() -> Nd4jCards.requireCode("nd4j-cuda-11.6", Optional.of("NVIDIA GeForce RTX 5090, 12.0")))
                .hasMessageContaining("12.0");
    }

    @Test
    void aMachineWithoutACardIsRefusedWithWhatToUse() {
        assertThatThrownBy(() -> Nd4jCards.requireCode("nd4j-cuda-11.6", Optional.empty()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("needs an NVIDIA GPU, found none")
                .hasMessageContaining("a build without profiles");
    }

    @Test
    void cardsWithCodePass() {
        for (String card : new String[] {"Tesla V100, 7.0", "NVIDIA A100, 8.0", "NVIDIA L4, 8.9", "unknown"}) {
            assertThatCode(() -> Nd4jCards.requireCode("nd4j-cuda-11.6", Optional.of(card))).doesNotThrowAnyException();
        }
    }

    @Test
    void portableCodeServesNewerCards() {
        assertThatCode(() -> Nd4jCards.requireCode("nd4j-cuda-11.2", Optional.of("NVIDIA H100, 9.0"))).doesNotThrowAnyException();
    }

    @Test
    void theCpuBuildAsksNothing() {
        assertThatCode(Nd4jCards::requireCode).doesNotThrowAnyException();
    }
}
