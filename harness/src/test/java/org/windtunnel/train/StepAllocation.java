package org.windtunnel.train;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.config.ModelSpec;
import org.windtunnel.data.Corpora;
import org.windtunnel.data.TokenCorpus;

/**
 * Measures what the steps of a tiny run allocate on the Java heap, over all threads. Exits with 0 as soon as a round of
 * steps allocates nothing but what the measurement itself does; with 1 if none does, naming the code that allocated.
 */
final class StepAllocation {
    private static final int STEPS = 250;
    private static final int ROUNDS = 40;

    /** The lists that the measurement makes are about 500 bytes; one object a step would be 4000 at the least. */
    private static final long LIMIT = 3_000;

    private static final String[] ALLOCATIONS = {"jdk.ObjectAllocationInNewTLAB", "jdk.ObjectAllocationOutsideTLAB"};
    private static final int FRAMES = 4;

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
            long bytes = Long.MAX_VALUE;
            for (int round = 0; round < ROUNDS && bytes >= LIMIT; round++) {
                long before = allocated();
                steps(session, round);
                bytes = allocated() - before;
                System.out.println(bytes + " bytes in " + STEPS + " steps");
            }
            if (bytes >= LIMIT) {
                printSources(session);
                System.exit(1);
            }
        }
    }

    private static void steps(RunSession session, int round) {
        for (int i = 0; i < STEPS; i++) {
            session.step((long) round * STEPS + i);
        }
    }

    private static long allocated() {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long sum = 0;
        for (long bytes : threads.getThreadAllocatedBytes(threads.getAllThreadIds())) {
            sum += Math.max(0, bytes);
        }
        return sum;
    }

    /** Records some rounds and prints how often which code was seen allocating what. */
    private static void printSources(RunSession session) throws IOException {
        Path file = Files.createTempFile("allocations", ".jfr");
        try (Recording recording = new Recording()) {
            for (String event : ALLOCATIONS) {
                recording.enable(event).withStackTrace();
            }
            recording.start();
            for (int round = 0; round < 8; round++) {
                steps(session, ROUNDS + round);
            }
            recording.dump(file);
        }
        Map<String, Integer> sources = new TreeMap<>();
        for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
            sources.merge(describe(event), 1, Integer::sum);
        }
        sources.forEach((source, count) -> System.out.println(count + " times " + source));
        Files.delete(file);
    }

    private static String describe(RecordedEvent event) {
        StringBuilder text = new StringBuilder(event.getClass("objectClass").getName());
        if (event.getStackTrace() != null) {
            for (RecordedFrame frame : event.getStackTrace().getFrames().stream().limit(FRAMES).toList()) {
                text.append(" < ").append(frame.getMethod().getType().getName());
                text.append('.').append(frame.getMethod().getName()).append(':').append(frame.getLineNumber());
            }
        }
        return text.toString();
    }
}
