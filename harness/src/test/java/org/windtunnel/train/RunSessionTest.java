package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.data.Corpora;
import org.windtunnel.data.Dataset;
import org.windtunnel.data.TokenCorpus;

class RunSessionTest {

    @Test
    void theLedgerIsWhatIsAllocated() {
        ExperimentSpec spec = TinyRun.spec(1e-3, TinyRun.train(10, 4, 1), TinyRun.cpu(1));
        TokenCorpus corpus = Corpora.open(spec.data(), Path.of("."));
        ModelPlan plan = ModelPlan.of(spec, corpus.shape());
        try (Backend backend = Backends.open(spec.runtime());
                RunSession session = new RunSession(plan, corpus, backend)) {
            MemoryLedger ledger = plan.ledger(backend.storagePolicy());
            assertThat(session.allocatedBytes()).isEqualTo(ledger.total() - ledger.checkpoint());
            assertThat(session.optimizer().stateBytes()).isEqualTo(ledger.optimizer());
            assertThat(ledger.weights()).isEqualTo(4 * plan.counts().total());
        }
    }

    /** Without its length the momentum would never cool down; the error knows it. */
    @Test
    void theOptimizerKnowsTheLengthOfTheRun() {
        ExperimentSpec spec = ConfigLoader.parse("""
                name: tiny
                model: {family: gpt, width: 16, depth: 1, head_dim: 8, context: 16}
                data: {type: markov, vocab: 32}
                optimizer: {type: muon, lr: 0.01, momentum_warmup: 4, momentum_cooldown: 7}
                train: {steps: 10, batch: 2}
                """, "test");
        Dataset corpus = Corpora.open(spec.data(), Path.of("."));
        ModelPlan plan = ModelPlan.of(spec, corpus.shape());
        try (Backend backend = Backends.open(spec.runtime())) {
            assertThatThrownBy(() -> new RunSession(plan, corpus, backend))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining("to fit a run of 10 steps, found 4 + 7; shorten one of them");
        }
    }
}
