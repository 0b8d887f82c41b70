package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.windtunnel.backend.OutOfMemory;

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
}
