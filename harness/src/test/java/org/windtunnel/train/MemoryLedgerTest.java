package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.windtunnel.backend.OutOfMemory;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.data.DataShape;
import org.windtunnel.tensor.DType;

class MemoryLedgerTest {
    private static final MemoryLedger LEDGER = new MemoryLedger(1L << 30, 1L << 30, 1L << 30, 512L << 20, 1L << 30, 0);

    @Test
    void whatDoesNotFitIsSaidWithItsParts() {
        assertThatThrownBy(() -> LEDGER.requireWithin(OptionalLong.of(4L << 30)))
                .isInstanceOf(OutOfMemory.class)
                .hasMessage("this run needs 4.5 GiB (weights 1.0 GiB, gradients 1.0 GiB, optimizer 1.0 GiB, "
                        + "activations 512.0 MiB, checkpoint 1.0 GiB), found 4.0 GiB free; lower train.micro_batch (activations), "
                        + "model.width or model.depth, or run fewer workers");
    }

    @Test
    void whatFitsOrCannotBeKnownPasses() {
        LEDGER.requireWithin(OptionalLong.of(5L << 30));
        LEDGER.requireWithin(OptionalLong.empty());
        assertThat(LEDGER.total()).isEqualTo(4608L << 20);
    }

    /** A long context: 12 heads of 32768 tokens would keep 48 GiB of probabilities a layer. */
    @Test
    void aCardKeepsNoProbabilitiesOfAttention() {
        ExperimentSpec spec = ConfigLoader.parse("""
                name: long
                model: {family: gpt, width: 768, depth: 12, head_dim: 64, context: 32768}
                data: {type: markov, vocab: 256}
                optimizer: {type: adamw, lr: 0.01}
                train: {steps: 10, batch: 1}
                runtime: {backend: cuda}
                """, "long");
        MemoryLedger ledger = ModelPlan.of(spec, new DataShape.Tokens(256)).ledger(DType.FLOAT32, DType.FLOAT32);
        assertThat(ledger.activations()).isBetween(10L << 30, 48L << 30);
    }
}
