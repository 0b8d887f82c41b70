package org.windtunnel.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * From a table of losses to a recommendation, as a user types it: {@code fit} of a loss law and of a learning-rate law,
 * then {@code plan --law} with both. The table follows known laws, which the commands must give back.
 */
class FitTest {
    private static final double[] FACTORS = {0.25, 0.5, 1, 2, 4};

    @TempDir
    Path temp;

    private final Console console = new Console();
    private Path table;

    /** L(N, D) = 1.8 + 400 N^-0.35 + 700 D^-0.4. */
    private static double loss(double n, double d) {
        return 1.8 + 400 * Math.pow(n, -0.35) + 700 * Math.pow(d, -0.4);
    }

    /** lr(N, D) = 2 N^-0.7 D^0.3. */
    private static double lr(double n, double d) {
        return 2 * Math.pow(n, -0.7) * Math.pow(d, 0.3);
    }

    @BeforeEach
    void writeTable() throws IOException {
        Random random = new Random(1);
        StringBuilder csv = new StringBuilder("params,tokens,rate,final_loss\n");
        for (double n = 1e7; n < 2e9; n *= 4) {
            for (double d = 5e8; d < 3e11; d *= 5) {
                double noise = Math.exp(0.05 * random.nextGaussian());
                for (double factor : FACTORS) {
                    double bowl = 0.004 * Math.pow(Math.log(factor / noise), 2);
                    double loss = (loss(n, d) + bowl) * Math.exp(1e-4 * random.nextGaussian());
                    csv.append(String.format(
                            Locale.ROOT, "%.6g,%.6g,%.6g,%.8g%n", n, d, factor * lr(n, d), loss));
                }
            }
        }
        table = Files.writeString(temp.resolve("points.csv"), csv);
    }

    private int fit(String law, Path out, String... more) {
        List<String> args = new ArrayList<>(List.of(
                "fit", table.toString(), "--law", law, "--column", "N=params", "--column", "D=tokens", "--column",
                "loss=final_loss", "--bootstrap", "100", "--out", out.toString()));
        args.addAll(List.of(more));
        return console.run(args.toArray(String[]::new));
    }

    /** The value and interval of a line such as {@code lr 0.000466 [0.000374, 0.000709] by ...}. */
    private double[] line(String name) {
        Pattern pattern = Pattern.compile("(?m)^ +" + name + " +(\\S+) +\\[(\\S+), (\\S+)\\]");
        MatchResult found = pattern.matcher(console.out()).results().findFirst().orElseThrow();
        return new double[] {number(found.group(1)), number(found.group(2)), number(found.group(3))};
    }

    private static double number(String text) {
        int unit = "kMGT".indexOf(text.charAt(text.length() - 1));
        return unit < 0
                ? Double.parseDouble(text)
                : Double.parseDouble(text.substring(0, text.length() - 1)) * Math.pow(1000, unit + 1);
    }

    @Test
    void aTableBecomesAReportAndARecommendedRun() {
        Path report = temp.resolve("loss.html");
        Path law = temp.resolve("loss.json");
        Path rates = temp.resolve("lr.json");
        assertThat(fit("chinchilla", law, "--report", report.toString())).as(console.err()).isZero();
        assertThat(console.out()).contains("L(N, D) = E + A N^-alpha + B D^-beta", "fit: " + law, "report: " + report);
        assertThat(line("alpha")[0]).isEqualTo(0.35, within(0.01));
        assertThat(report).content().contains("data-save=\"csv\"", "alpha");

        assertThat(fit("lr-law", rates, "--column", "lr=rate")).as(console.err()).isZero();
        assertThat(console.out()).contains("16 optima of 16 cells");
        assertThat(line("eN")[0]).isEqualTo(-0.7, within(0.05));
        assertThat(line("eD")[0]).isEqualTo(0.3, within(0.05));
        // Exponents far from 0 are told, whatever their sign.
        assertThat(console.out()).doesNotContain("! eN").doesNotContain("! eD");

        assertThat(console.run("plan", "--law", law.toString(), "--flops", "1e21", "--hyper-law", rates.toString()))
                .as(console.err()).isZero();
        double g = Math.pow(0.35 * 400 / (0.4 * 700), 1 / 0.75);
        double size = g * Math.pow(1e21 / 6, 0.4 / 0.75);
        assertThat(line("parameters")[0]).isEqualTo(size, within(0.1 * size));
        double rate = lr(size, 1e21 / 6 / size);
        assertThat(line("lr")[0]).isEqualTo(rate, within(0.3 * rate));
        assertThat(console.out())
                .contains("by lr(N, D) = K N^eN D^eD", "times the largest that this law was fitted to");
    }

    @Test
    void aLawOfAnotherQuantityIsRefusedBeforeAnythingIsPrinted() {
        Path law = temp.resolve("loss.json");
        Path rates = temp.resolve("lr.json");
        assertThat(fit("chinchilla", law)).isZero();
        assertThat(fit("lr-law", rates, "--column", "lr=rate")).isZero();
        refused("expected a law of the loss", rates, rates);
        refused("expected a law of a hyperparameter", law, law);
        refused("found nothing", law, temp.resolve("none.json"));
    }

    private void refused(String message, Path law, Path hyper) {
        assertThat(console.run("plan", "--law", law.toString(), "--flops", "1e21", "--hyper-law", hyper.toString()))
                .isEqualTo(ExitCode.BAD_INPUT.code());
        assertThat(console.err()).contains(message).doesNotContain("\tat ");
        assertThat(console.out()).isEmpty();
    }
}
