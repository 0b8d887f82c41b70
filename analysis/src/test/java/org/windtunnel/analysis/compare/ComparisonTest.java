package org.windtunnel.analysis.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.RunWriter;
import org.windtunnel.analysis.curve.RunStatus;
import org.windtunnel.analysis.curve.RunTable;

class ComparisonTest {
    private static final List<String> GROUP = List.of("parameterization.type");

    @TempDir
    Path sweep;

    private RunWriter writer;

    @BeforeEach
    void start() {
        writer = new RunWriter(sweep);
    }

    private List<Contender> compare(String baseline) {
        return Comparison.of(RunTable.read(sweep).runs(), "optimizer.lr", GROUP, baseline);
    }

    private Path run(String family, double lr, long seed, double loss) {
        return writer.done(family, 64, lr, seed, 1e5, 1e6, loss);
    }

    @Test
    void everyFamilyAtItsBestRateAgainstTheBaseline() throws IOException {
        for (long seed = 1; seed <= 3; seed++) {
            // The seed moves all of a family's losses alike.
            double common = 0.1 * seed;
            run("slow", 0.01, seed, 3.0 + common);
            run("slow", 0.1, seed, 2.9 + common);
            run("slow", 1, seed, 3.1 + common);
            Path fast = run("fast", 0.1, seed, 2.7 + common + 0.001 * seed);
            Files.writeString(fast.resolve("eval.jsonl"), RunWriter.evalLine(4, 4e5, 1, 3.2 + common)
                    + RunWriter.evalLine(6, 6e5, 1, 2.85 + common)
                    + RunWriter.evalLine(10, 1e6, 1, 2.7 + common + 0.001 * seed));
        }
        writer.diverged("fast", 64, 1, 1, 1e5, 1e6);

        List<Contender> found = compare("slow");

        assertThat(found).extracting(Contender::label).containsExactly("fast", "slow");
        Contender fast = found.get(0);
        assertThat(fast.lr()).isEqualTo(0.1);
        assertThat(fast.edge()).isTrue();
        assertThat(fast.seeds()).isEqualTo(3);
        assertThat(fast.difference()).isEqualTo(-0.2 + 0.002, within(1e-9));
        assertThat(fast.differenceError()).isEqualTo(0.001 / Math.sqrt(3), within(1e-9));
        assertThat(fast.error()).isGreaterThan(0.05);
        assertThat(fast.stepsToBaseline()).isEqualTo(6);
        Contender slow = found.get(1);
        assertThat(slow.lr()).isEqualTo(0.1);
        assertThat(slow.edge()).isFalse();
        assertThat(slow.difference()).isZero();
        assertThat(slow.stepsToBaseline()).isEqualTo(10);
    }

    @Test
    void runsThatDifferInAnythingElseAreNoSeeds() {
        for (long seed = 1; seed <= 2; seed++) {
            run("base", 0.1, seed, 2.7 + 0.1 * seed);
            for (double decay : new double[] {0.01, 0.1}) {
                for (double lr : new double[] {0.1, 1}) {
                    Map<String, Object> axes = RunWriter.axes("decayed", 64, lr);
                    axes.put("optimizer.weight_decay", decay);
                    axes.put("seed", seed);
                    // The best rate of either decay alone: 0.1 at 0.01 (2.5), 1 at 0.1 (2.4).
                    double loss = decay == 0.01 ? 2.5 + 0.3 * (lr == 1 ? 1 : 0) : 2.4 + 0.8 * (lr == 1 ? 0 : 1);
                    writer.run(axes, seed, 1e5, 1e6, RunStatus.DONE, loss + 0.1 * seed - 0.15);
                }
            }
        }
        List<Contender> found = compare("base");
        assertThat(found).extracting(Contender::label).containsExactly("decayed", "base");
        Contender decayed = found.get(0);
        assertThat(decayed.seeds()).isEqualTo(2);
        assertThat(decayed.lr()).isEqualTo(1);
        assertThat(decayed.others()).isEqualTo(Map.of("optimizer.weight_decay", 0.1));
        assertThat(decayed.loss()).isEqualTo(2.4, within(1e-9));
        assertThat(decayed.error()).isEqualTo(0.05, within(1e-9));
        assertThat(decayed.difference()).isEqualTo(-0.45, within(1e-9));
        assertThat(decayed.differenceError()).isEqualTo(0, within(1e-9));
        assertThat(found.get(1).others()).isEmpty();
    }

    @Test
    void aFamilyThatOnlyDivergesHasNoPlaceAndAnUnknownBaselineIsRefused() {
        run("sane", 0.1, 1, 2.5);
        writer.diverged("wild", 64, 1, 1, 1e5, 1e6);
        assertThat(compare("sane")).extracting(Contender::label).containsExactly("sane");
        assertThatThrownBy(() -> compare("wild")).isInstanceOf(AnalysisException.class).hasMessageContaining("[sane]");
    }
}
