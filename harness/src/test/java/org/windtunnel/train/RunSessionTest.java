package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.data.Corpora;
import org.windtunnel.data.TokenCorpus;
import org.windtunnel.tensor.DType;

class RunSessionTest {

    @Test
    void theLedgerIsWhatIsAllocated() {
        ExperimentSpec spec = TinyRun.spec(1e-3, TinyRun.train(10, 4, 1), TinyRun.cpu(1));
        TokenCorpus corpus = Corpora.open(spec.data(), Path.of("."));
        ModelPlan plan = ModelPlan.of(spec, corpus.shape());
        try (Backend backend = Backends.open(spec.runtime());
                RunSession session = new RunSession(plan, corpus, backend)) {
            MemoryLedger ledger = plan.ledger(DType.FLOAT32);
            assertThat(session.allocatedBytes()).isEqualTo(ledger.total() - ledger.checkpoint());
            assertThat(session.optimizer().stateBytes()).isEqualTo(ledger.optimizer());
            assertThat(ledger.weights()).isEqualTo(4 * plan.counts().total());
        }
    }
}
