package org.windtunnel.analysis.trend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.RunWriter;
import org.windtunnel.analysis.curve.RunTable;

class TrendsTest {
    private static final List<String> GROUP = List.of("parameterization.type");

    @TempDir
    Path sweep;

    private RunWriter writer;

    @BeforeEach
    void start() {
        writer = new RunWriter(sweep);
    }

    /** A run whose two matrices have singular values of geometric mean {@code sigma}, after a line that was different. */
    private Path run(String type, int width, long seed, double sigma) throws IOException {
        Path run = writer.done(type, width, 0.01, seed, 1e5, 1e6, 3);
        String line = "{\"step\": %d, \"logit_z\": 5.5, \"activation_rms\": {\"h.0\": 4, \"h.1\": 1}, \"params\": {"
                + "\"a.weight\": {\"top_singular_value\": %s}, \"b.weight\": {\"top_singular_value\": %s}, "
                + "\"gain\": {\"weight_norm\": 1}}}\n";
        Files.writeString(run.resolve("diag.jsonl"), String.format(Locale.ROOT, line, 5, 7.0, 7.0)
                + String.format(Locale.ROOT, line, 10, 2 * sigma, sigma / 2));
        return run;
    }

    private List<Trend> trends(String quantity, String names) {
        return Trends.of(RunTable.read(sweep).runs(), quantity, names, "model.width", GROUP);
    }

    @Test
    void thePowerOfTheWidthIsFoundWithTheSpreadOfTheSeeds() throws IOException {
        double[] exponents = {0.4, 0.5, 0.6};
        for (int width : new int[] {64, 128, 256}) {
            for (int seed = 1; seed <= 3; seed++) {
                run("fixed", width, seed, 3 * Math.pow(width, exponents[seed - 1]));
            }
            run("flat", width, 1, 2);
        }
        List<Trend> found = trends("top_singular_value", null);

        assertThat(found).extracting(Trend::label).containsExactly("fixed", "flat");
        Trend fixed = found.get(0);
        assertThat(fixed.slope()).isCloseTo(0.5, within(1e-9));
        // Student's t at two degrees of freedom, a spread of 0.1 over three seeds.
        assertThat(fixed.margin()).isCloseTo(4.3027 * 0.1 / Math.sqrt(3), within(1e-4));
        assertThat(fixed.points()).extracting(Trend.Point::size).containsExactly(64.0, 128.0, 256.0);
        assertThat(fixed.points().get(0).value()).isCloseTo(3 * 8, within(1e-9));
        assertThat(fixed.points().get(0).runs()).isEqualTo(3);
        assertThat(found.get(1).slope()).isCloseTo(0, within(1e-12));
        assertThat(found.get(1).margin()).isNull();
    }

    @Test
    void quantitiesOfTheModelOfModulesAndOfNamedParameters() throws IOException {
        run("sp", 64, 1, 2);
        assertThat(trends("logit_z", null).get(0).points().get(0).value()).isCloseTo(5.5, within(1e-12));
        assertThat(trends("activation_rms", null).get(0).points().get(0).value()).isCloseTo(2, within(1e-12));
        assertThat(trends("activation_rms", "h\\.0").get(0).points().get(0).value()).isCloseTo(4, within(1e-12));
        assertThat(trends("top_singular_value", "a.*").get(0).points().get(0).value()).isCloseTo(4, within(1e-12));
        assertThat(trends("logit_z", null).get(0).slope()).isNull();
        assertThat(trends("sharpness", null)).isEmpty();
    }

    @Test
    void runsThatCannotBeToldApartOrLoggedAreRefused() throws IOException {
        Path first = run("sp", 64, 1, 2);
        run("sp", 64, 1, 3);
        assertThatThrownBy(() -> trends("top_singular_value", null)).isInstanceOf(AnalysisException.class)
                .hasMessageContaining("Two runs at model.width 64 with seed 1").hasMessageContaining("--group");
        Files.writeString(first.resolve("diag.jsonl"), "{\"step\": 10, \"logit_z\": -1}\n");
        assertThatThrownBy(() -> trends("logit_z", null)).isInstanceOf(AnalysisException.class)
                .hasMessageContaining("expected a positive logit_z, found -1.0");
    }
}
