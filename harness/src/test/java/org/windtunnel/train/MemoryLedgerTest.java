package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.windtunnel.backend.OutOfMemory;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.data.DataShape;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.StoragePolicy;

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

    private static ModelPlan plan(int context, int batch) {
        return ModelPlan.of(ConfigLoader.parse("""
                name: long
                model: {family: gpt, width: 64, depth: 2, head_dim: 8, context: %d}
                data: {type: markov}
                optimizer: {type: adamw, lr: 0.01}
                train: {steps: 1, batch: %d}
                """.formatted(context, batch), "long.yaml"), new DataShape.Tokens(128));
    }

    /** 8 heads and sequences of 8192 tokens have 2 GiB of probabilities a block and sequence. */
    @Test
    void onlyABackendThatKeepsProbabilitiesIsChargedForThem() {
        ModelPlan plan = plan(8192, 4);
        StoragePolicy tiled = new StoragePolicy(DType.FLOAT32, DType.FLOAT32, false);
        long kept = plan.ledger(StoragePolicy.of(DType.FLOAT32)).activations();
        assertThat(kept - plan.ledger(tiled).activations()).isEqualTo(2 * 4 * (4 * 8L * 8192 * 8192 - 2 * 4 * 8L * 8192));
    }

    /** 12 heads of 32768 tokens would keep 48 GiB of probabilities a layer. */
    @Test
    void aCardKeepsNoProbabilities() {
        ExperimentSpec spec = ConfigLoader.parse("""
                name: long
                model: {family: gpt, width: 768, depth: 12, head_dim: 64, context: 32768}
                data: {type: markov, vocab: 256}
                optimizer: {type: adamw, lr: 0.01}
                train: {steps: 10, batch: 1}
                runtime: {backend: cuda}
                """, "long.yaml");
        MemoryLedger ledger =
                ModelPlan.of(spec, new DataShape.Tokens(256)).ledger(Backends.storagePolicy(spec.runtime()));
        assertThat(ledger.activations()).isBetween(10L << 30, 48L << 30);
    }

    @Test
    void whatCannotBeCountedIsRefusedWithWhatToLower() {
        assertThatThrownBy(() -> plan(8192, 1 << 20).ledger(StoragePolicy.of(DType.FLOAT32)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("train.micro_batch")
                .hasMessageContaining("set it lower");
    }
}
