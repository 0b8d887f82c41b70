package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.config.GuardSpec;
import org.windtunnel.config.GuardSpec.OnDivergence;
import org.windtunnel.config.GuardSpec.OnSpike;
import org.windtunnel.config.GuardSpec.Watched;
import org.windtunnel.config.TrainSpec;
import org.windtunnel.record.RunStatus;
import org.windtunnel.tensor.Rng;
import org.windtunnel.train.Guards.Verdict;

class GuardsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path temp;

    private static TrainSpec train(long steps, GuardSpec guards) {
        TrainSpec t = TinyRun.train(steps, null, 1);
        return new TrainSpec(t.tokens(), t.steps(), t.batch(), t.microBatch(), t.clip(), t.loss(), t.zLoss(), t.logEvery(),
                t.evalEvery(), t.evalSequences(), t.divergeFactor(), t.sampling(), guards);
    }

    private static Guards guards(OnDivergence diverged, OnSpike spike, Watched watch, int maxSkips) {
        return new Guards(train(100, new GuardSpec(diverged, spike, watch, 6, 32, maxSkips, 3)));
    }

    /** A noisy, falling loss. */
    private static double loss(int step) {
        return 2 + 0.2 * Math.exp(-step / 50.0) + 0.02 * new Rng(1, 1).gaussian(step);
    }

    @Test
    void noiseIsNoSpikeAndOneStepFarAboveItIs() {
        Guards guards = guards(OnDivergence.STOP, OnSpike.SKIP, Watched.LOSS, 10);
        for (int step = 0; step < 500; step++) {
            boolean spike = step % 50 == 40;
            double loss = loss(step) + (spike ? 0.6 : 0);
            assertThat(guards.judge(loss, 1, 3)).as("step %d", step).isEqualTo(spike ? Verdict.SKIP : Verdict.PROCEED);
        }
        assertThat(guards.skipped()).isEqualTo(10);
    }

    @Test
    void nothingIsASpikeBeforeTheWindowIsHalfFull() {
        Guards guards = guards(OnDivergence.STOP, OnSpike.STOP, Watched.BOTH, 10);
        for (int step = 0; step < 15; step++) {
            assertThat(guards.judge(1, 1, 1)).isEqualTo(Verdict.PROCEED);
        }
        assertThat(guards.judge(2, 50, 1)).isEqualTo(Verdict.PROCEED);
        assertThat(guards.judge(1, 2, 1)).isEqualTo(Verdict.STOP);
        assertThat(guards.reason()).startsWith("the gradient norm 2.000 is 1.00e+03 standard deviations above the median 1.000");
    }

    @Test
    void theWatchedSeriesIsTheOneThatCounts() {
        Guards losses = guards(OnDivergence.STOP, OnSpike.SKIP, Watched.LOSS, 10);
        Guards norms = guards(OnDivergence.STOP, OnSpike.SKIP, Watched.GRAD_NORM, 10);
        for (int step = 0; step < 20; step++) {
            losses.judge(loss(step), 1, 3);
            norms.judge(loss(step), 1, 3);
        }
        assertThat(losses.judge(loss(20), 100, 3)).isEqualTo(Verdict.PROCEED);
        assertThat(norms.judge(loss(20) + 2, 1, 3)).isEqualTo(Verdict.PROCEED);
        assertThat(norms.judge(loss(20), 100, 3)).isEqualTo(Verdict.SKIP);
    }

    @Test
    void aLossThatStaysHighEndsTheRun() {
        Guards guards = guards(OnDivergence.SKIP, OnSpike.IGNORE, Watched.LOSS, 3);
        assertThat(guards.judge(2, 1, 2)).isEqualTo(Verdict.PROCEED);
        assertThat(guards.judge(Double.NaN, 1, 2)).isEqualTo(Verdict.SKIP);
        assertThat(guards.judge(2, Double.POSITIVE_INFINITY, 2)).isEqualTo(Verdict.SKIP);
        assertThat(guards.judge(2, 1, 2)).isEqualTo(Verdict.PROCEED);
        for (int i = 0; i < 3; i++) {
            assertThat(guards.judge(7, 1, 2)).isEqualTo(Verdict.SKIP);
        }
        assertThat(guards.judge(7, 1, 2)).isEqualTo(Verdict.STOP);
        assertThat(guards.reason()).isEqualTo("after 3 skipped steps in a row the loss 7.000 exceeds 3.00 times its first value 2.000");
        assertThat(guards(OnDivergence.STOP, OnSpike.IGNORE, Watched.LOSS, 3).judge(7, 1, 2)).isEqualTo(Verdict.STOP);
    }

    @Test
    void restoredGuardsJudgeAsTheOldOnesWouldHave() {
        Guards before = guards(OnDivergence.STOP, OnSpike.SKIP, Watched.BOTH, 10);
        Guards after = guards(OnDivergence.STOP, OnSpike.SKIP, Watched.BOTH, 10);
        for (int step = 0; step < 45; step++) {
            before.judge(loss(step), loss(step + 1000), 3);
        }
        ObjectNode saved = JsonNodeFactory.instance.objectNode();
        before.save(saved);
        after.restore(saved);
        List<Verdict> verdicts = new ArrayList<>();
        for (int step = 45; step < 120; step++) {
            double loss = loss(step) + (step % 7 == 0 ? 0.008 * (step - 45) : 0);
            verdicts.add(before.judge(loss, loss(step + 1000), 3));
            assertThat(after.judge(loss, loss(step + 1000), 3)).isEqualTo(verdicts.get(verdicts.size() - 1));
            assertThat(after.reason()).isEqualTo(before.reason());
        }
        assertThat(verdicts).contains(Verdict.SKIP, Verdict.PROCEED);
        assertThat(after.skipped()).isEqualTo(before.skipped());
    }

    @Test
    void skippedStepsOfARunAreRecordedAndLeaveTheWeightsAlone() throws IOException {
        GuardSpec jumpy = new GuardSpec(OnDivergence.STOP, OnSpike.SKIP, Watched.LOSS, 1, 8, 100, 3);
        RunOutcome outcome = TinyRun.run(TinyRun.spec(1e-3, train(60, jumpy), TinyRun.cpu(1)), temp);
        assertThat(outcome.status()).isEqualTo(RunStatus.DONE);
        long skipped = 0;
        for (String line : Files.readAllLines(temp.resolve("curve.jsonl"))) {
            JsonNode point = JSON.readTree(line);
            skipped += point.has("skipped") ? 1 : 0;
            assertThat(point.path("skipped").asText("the loss")).startsWith("the loss");
        }
        assertThat(skipped).isPositive().isEqualTo(outcome.skipped());
        assertThat(JSON.readTree(temp.resolve("DONE").toFile()).get("skipped_steps").asLong()).isEqualTo(skipped);
    }

    @Test
    void aRunThatSkipsEveryUpdateEndsWhereItBegan() throws IOException {
        GuardSpec all = new GuardSpec(OnDivergence.SKIP, OnSpike.IGNORE, Watched.LOSS, 1, 8, 1000, 3);
        TrainSpec t = train(20, all);
        TrainSpec never = new TrainSpec(t.tokens(), t.steps(), t.batch(), t.microBatch(), t.clip(), t.loss(), t.zLoss(), 1, 1,
                t.evalSequences(), 1e-3, t.sampling(), all);
        ExperimentSpec spec = TinyRun.spec(0.1, never, TinyRun.cpu(1));
        RunOutcome outcome = TinyRun.run(spec, temp);
        assertThat(outcome.skipped()).isEqualTo(20);
        assertThat(Files.readAllLines(temp.resolve("eval.jsonl")).stream()
                .map(line -> line.replaceAll(".*\"loss\":([0-9.]+).*", "$1")).distinct()).hasSize(1);
    }
}
