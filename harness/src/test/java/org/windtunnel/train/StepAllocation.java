package org.windtunnel.train;

import java.io.IOException;
import java.nio.file.Path;
import org.windtunnel.AllocationProbe;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.config.ModelSpec;
import org.windtunnel.data.Corpora;
import org.windtunnel.data.TokenCorpus;

/** Measures what the steps of a tiny run allocate on the heap. */
final class StepAllocation {
    private static final int STEPS = 250;
    private static final int ROUNDS = 40;

    private StepAllocation() {}

    /** The models whose kernels differ. */
    enum Model {
        GPT_GELU_TANH(gpt(ModelSpec.Activation.GELU_TANH)),
        GPT_GELU_ERF(gpt(ModelSpec.Activation.GELU_ERF)),
        LLAMA(new ModelSpec.Llama(32, 2, 4, null, 2, 16, 2.6667, true, 10_000, false, 1e-5));

        private final ModelSpec spec;

        Model(ModelSpec spec) {
            this.spec = spec;
        }

        private static ModelSpec gpt(ModelSpec.Activation activation) {
            return new ModelSpec.Gpt(32, 2, 4, null, 16, 4, true, false, activation, 1e-5);
        }
    }

    public static void main(String[] args) throws IOException {
        ExperimentSpec tiny = TinyRun.spec(1e-3, TinyRun.train(STEPS * ROUNDS * 2L, 4, 1), TinyRun.cpu(2));
        ExperimentSpec spec = new ExperimentSpec(tiny.name(), Model.valueOf(args[0]).spec, tiny.data(),
                tiny.parameterization(), tiny.optimizer(), tiny.schedule(), tiny.train(), tiny.runtime(),
                tiny.checkpoint(), tiny.diagnostics(), tiny.seed(), tiny.init());
        TokenCorpus corpus = Corpora.open(spec.data(), Path.of("."));
        ModelPlan plan = ModelPlan.of(spec, corpus.shape());
        try (Backend backend = Backends.open(spec.runtime());
                RunSession session = new RunSession(plan, corpus, backend)) {
            long[] step = {0};
            AllocationProbe.measure(() -> {
                for (int i = 0; i < STEPS; i++) {
                    session.step(step[0]++);
                }
            }, ROUNDS);
        }
    }
}
