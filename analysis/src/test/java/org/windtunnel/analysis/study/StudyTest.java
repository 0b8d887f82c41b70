package org.windtunnel.analysis.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.Reference;
import org.windtunnel.analysis.RunWriter;
import org.windtunnel.analysis.curve.RunStatus;
import org.windtunnel.analysis.curve.RunTable;
import org.windtunnel.analysis.plan.Allocation;
import org.windtunnel.analysis.table.DataTable;
import org.windtunnel.analysis.transfer.Drift;

class StudyTest {
    private static final double ENTROPY = 1.5;

    @TempDir
    Path sweep;

    private static double law(double n, double d) {
        return ENTROPY + 60 * Math.pow(n, -0.5) + 150 * Math.pow(d, -0.45);
    }

    private static double size(int width) {
        return 24.0 * width * width;
    }

    /** Bowls at one budget under SP and muP, four budgets at the best rate under muP, 0.2 % noise. */
    private void sweep(Double entropy) {
        Random random = new Random(3);
        RunWriter writer = new RunWriter(sweep).entropy(entropy);
        for (int width : new int[] {32, 64, 128, 256}) {
            double n = size(width);
            for (String type : new String[] {"sp", "mup"}) {
                double optimum = type.equals("mup") ? -7 : -7 - Math.log(width / 32.0) / Math.log(2);
                for (int k = -12; k <= -5; k++) {
                    double off = k - optimum;
                    double loss = (law(n, 4e6) + 0.02 * off * off + (type.equals("sp") ? 0.05 : 0))
                            * Math.exp(0.002 * random.nextGaussian());
                    writer.run(axes(type, width, k, 4e6), 1, n, 4e6, RunStatus.DONE, loss);
                }
            }
            for (double d : new double[] {2.5e5, 1e6, 1.6e7}) {
                writer.run(
                        axes("mup", width, -7, d),
                        1,
                        n,
                        d,
                        RunStatus.DONE,
                        law(n, d) * Math.exp(0.002 * random.nextGaussian()));
            }
        }
    }

    private static Map<String, Object> axes(String type, int width, int k, double d) {
        Map<String, Object> axes = RunWriter.axes(type, width, Math.pow(2, k));
        axes.put("train.tokens", (long) d);
        return axes;
    }

    private static StudyOptions options(Map<String, Object> filter) {
        StudyOptions o = StudyOptions.defaults();
        return new StudyOptions(
                o.lrPath(),
                o.widthPath(),
                o.groupPaths(),
                filter,
                o.size(),
                o.holdOut(),
                o.holdOutFraction(),
                300,
                1,
                o.level(),
                o.huberDelta(),
                o.driftTolerance());
    }

    private StudyResult study() {
        return Study.run(RunTable.read(sweep), options(Map.of("parameterization.type", "mup")));
    }

    @Test
    void tellsAWholeSweep() {
        sweep(ENTROPY);
        StudyResult result = study();

        assertThat(result.sweep()).isEqualTo("wind");
        assertThat(result.origin().directory())
                .isEqualTo(sweep.toAbsolutePath().normalize().toString());
        assertThat(result.origin().data()).containsExactly("markov, 1M training tokens, vocabulary 256");
        assertThat(result.origin().machines()).containsExactly("Test CPU, 2 cores, Linux, Java 17.0.15");
        assertThat(result.origin().revisions()).containsExactly("abc123");
        assertThat(result.runs()).hasSize(76).extracting(RunRow::group).contains("sp", "mup");
        assertThat(result.curves()).hasSize(76);
        assertThat(result.transfer()).hasSize(2);
        assertThat(result.transfer().get(0).drift().verdict()).isEqualTo(Drift.Verdict.DRIFTS);
        assertThat(result.transfer().get(0).drift().total()).isEqualTo(-3, within(0.3));
        assertThat(result.transfer().get(1).drift().verdict()).isEqualTo(Drift.Verdict.TRANSFERS);

        LawStudy law = result.law();
        assertThat(law.law()).isEqualTo("chinchilla");
        assertThat(law.points()).hasSize(16);
        assertThat(law.points()).filteredOn(LawStudy.Point::heldOut).hasSize(4).allMatch(p -> p.n() == size(256));
        assertThat(law.converged()).isTrue();
        double[] truth = {ENTROPY, 60, 150, 0.5, 0.45};
        for (int i = 0; i < truth.length; i++) {
            assertThat(truth[i])
                    .as(law.parameters().get(i).name())
                    .isBetween(
                            law.parameters().get(i).lo(),
                            law.parameters().get(i).hi());
        }
        assertThat(law.holdOut().errors().are())
                .isLessThan(0.01)
                .isLessThan(law.holdOut().lastLoss().are());
        assertThat(law.errors().are()).isLessThan(0.004);
        assertThat(law.slices()).hasSize(8).allMatch(s -> s.x().length == s.hi().length);
        assertThat(law.optimalExponent().lo()).isLessThan(0.45 / 0.95);
        assertThat(law.allocations())
                .last()
                .satisfies(a -> assertThat(a.beyond()).isEqualTo(100, within(1e-9)));
        assertThat(result.runs())
                .filteredOn(RunRow::inLaw)
                .hasSize(16)
                .allMatch(r -> r.group().equals("mup"));

        assertThat(result.entropy().inside()).isTrue();
        assertThat(result.entropy().entropy()).isEqualTo(ENTROPY);
    }

    @Test
    void printsAVerdictOfAHundredColumns() {
        sweep(ENTROPY);
        List<String> lines = Verdict.lines(study());

        assertThat(lines).allMatch(l -> l.length() <= 100).allMatch(l -> l.equals(l.stripTrailing()));
        assertThat(String.join("\n", lines))
                .contains(
                        "76 done",
                        "the LR transfers under mup",
                        "the LR does not transfer under sp",
                        "L(N, D) = E + A N^-alpha + B D^-beta",
                        "hold-out, largest N",
                        "known entropy 1.5000",
                        "compute-optimal",
                        "at width 256 the best rate of width 32");
    }

    @Test
    void aLawThatDoesNotDependOnSizeSplitsNoBudget() {
        Random random = new Random(5);
        RunWriter writer = new RunWriter(sweep);
        for (int width : new int[] {32, 64, 128, 256}) {
            for (double d : new double[] {2.5e5, 1e6, 4e6, 1.6e7}) {
                double loss = (ENTROPY + 150 * Math.pow(d, -0.45)) * Math.exp(0.002 * random.nextGaussian());
                writer.run(axes("mup", width, -7, d), 1, size(width), d, RunStatus.DONE, loss);
            }
        }
        StudyResult result = study();

        assertThat(result.law().allocations()).isNotEmpty().noneMatch(Allocation::hasOptimum);
        assertThat(String.join(" ", Verdict.lines(result)))
                .contains("no best split between 0.001 and 10M tokens per parameter");
    }

    @Test
    void sameSeedSameResultAndItIsWrittenAsJson() throws IOException {
        sweep(null);
        StudyResult first = study();
        StudyResult second = study();
        Path file = sweep.resolve("study.json");
        StudyFile.write(first, sweep);
        JsonNode json = new ObjectMapper().readTree(Files.readAllBytes(file));

        assertThat(first.law().parameters()).isEqualTo(second.law().parameters());
        assertThat(first.entropy()).isNull();
        assertThat(json.path("format").asInt()).isEqualTo(1);
        assertThat(json.path("law").path("parameters").get(0).path("name").asText())
                .isEqualTo("E");
        assertThat(json.path("runs").size()).isEqualTo(76);
        assertThat(json.path("curves").get(0).path("trainLoss").isArray()).isTrue();
        assertThat(new ObjectMapper()
                        .readValue(file.toFile(), StudyResult.class)
                        .transfer())
                .isEqualTo(first.transfer());
    }

    @Test
    void aDirectoryRemembersWhatItsLastStudyLookedAt() throws IOException {
        assertThat(StudyFile.options(sweep)).isEmpty();
        sweep(null);
        StudyFile.write(study(), sweep);
        assertThat(StudyFile.options(sweep)).contains(options(Map.of("parameterization.type", "mup")));

        Path file = sweep.resolve("study.json");
        Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 200));
        assertThat(StudyFile.options(sweep)).as("a torn file").isEmpty();
    }

    @Test
    void noRuns() {
        StudyResult result = study();
        assertThat(result.law()).isNull();
        assertThat(result.transfer()).isEmpty();
        assertThat(result.warnings())
                .singleElement()
                .satisfies(w -> assertThat(w.message()).contains("no run directories"));
        assertThat(Verdict.lines(result)).anyMatch(l -> l.contains("0 runs"));
    }

    @Test
    void oneRun() {
        new RunWriter(sweep).done("mup", 64, 0.01, 1, 1e5, 1e6, 2.5);
        StudyResult one = study();
        assertThat(one.law()).isNull();
        assertThat(one.warnings()).anyMatch(w -> w.message().contains("one combination of N and D"));
        assertThat(Verdict.lines(one)).isNotEmpty();
    }

    @Test
    void allDiverged() {
        RunWriter writer = new RunWriter(sweep);
        for (int width : new int[] {64, 128}) {
            for (double lr : new double[] {0.1, 0.2, 0.4}) {
                writer.diverged("mup", width, lr, 1, size(width), 1e6);
            }
        }
        StudyResult result = study();
        assertThat(result.law()).isNull();
        assertThat(result.transfer().get(0).drift().verdict()).isEqualTo(Drift.Verdict.UNDETERMINED);
        assertThat(result.warnings()).anyMatch(w -> w.message().contains("6 of 6 runs diverged"));
        assertThat(Verdict.lines(result)).anyMatch(l -> l.contains("every run diverged"));
    }

    @Test
    void oneBudgetGivesALawOfSizeAndSaysSo() {
        RunWriter writer = new RunWriter(sweep);
        for (int width : new int[] {32, 64, 128, 256, 512}) {
            for (double lr : new double[] {0.005, 0.01, 0.02}) {
                writer.done(
                        "mup", width, lr, 1, size(width), 1e6, law(size(width), 1e6) + Math.abs(Math.log(lr / 0.01)));
            }
        }
        StudyResult result = study();
        assertThat(result.law().formula()).isEqualTo("L(N) = E + A N^-alpha");
        assertThat(result.law().parameters().get(2).value()).isEqualTo(0.5, within(1e-4));
        assertThat(result.law().allocations()).isEmpty();
        assertThat(result.law().slices())
                .singleElement()
                .satisfies(s -> assertThat(s.fixed()).isNull());
        assertThat(result.warnings()).anyMatch(w -> w.message().contains("only N varies"));
    }

    @Test
    void budgetsThatFollowTheSizeGiveALawInCompute() {
        RunWriter writer = new RunWriter(sweep);
        for (int width : new int[] {32, 64, 128, 256, 512}) {
            double n = size(width);
            writer.done("mup", width, 0.01, 1, n, 20 * n, 1.5 + 30 * Math.pow(120 * n * n, -0.2));
        }
        StudyResult result = study();
        assertThat(result.law().formula()).isEqualTo("L(C) = E + A C^-alpha");
        assertThat(result.law().parameters().get(0).value()).isEqualTo(1.5, within(1e-4));
        assertThat(result.warnings()).anyMatch(w -> w.message().contains("grow together"));
    }

    @Test
    void twoBudgetsCannotIdentifyTheirExponent() {
        RunWriter writer = new RunWriter(sweep);
        for (int width : new int[] {32, 64, 128, 256}) {
            for (double d : new double[] {1e6, 4e6}) {
                writer.run(axes("mup", width, -7, d), 1, size(width), d, RunStatus.DONE, law(size(width), d));
            }
        }
        StudyResult result = study();
        assertThat(result.law().law()).isEqualTo("chinchilla");
        assertThat(result.warnings())
                .anyMatch(w -> "beta".equals(w.subject()) && w.message().contains("D takes 2 values"));
        Map<String, Boolean> identified = new LinkedHashMap<>();
        result.law().parameters().forEach(p -> identified.put(p.name(), p.identified()));
        assertThat(identified).containsEntry("beta", false).containsEntry("B", false);
    }

    @Test
    void namesAPathThatNoRunHas() {
        sweep(null);
        StudyOptions o = options(Map.of("parameterization.type", "nothing"));
        StudyResult result = Study.run(
                RunTable.read(sweep),
                new StudyOptions(
                        "optimizer.rate",
                        o.widthPath(),
                        o.groupPaths(),
                        o.lawFilter(),
                        o.size(),
                        o.holdOut(),
                        0.2,
                        50,
                        1,
                        0.95,
                        1e-3,
                        0.25));
        assertThat(result.transfer()).isEmpty();
        assertThat(result.law()).isNull();
        assertThat(result.warnings()).extracting(Warning::subject).contains("optimizer.rate");
        assertThat(result.warnings()).anyMatch(w -> w.message().contains("passes the filter"));
    }

    @Test
    void refusesOptionsOutOfRange() {
        StudyOptions o = StudyOptions.defaults();
        assertThatThrownBy(() -> new StudyOptions(
                        o.lrPath(),
                        o.widthPath(),
                        o.groupPaths(),
                        Map.of(),
                        o.size(),
                        o.holdOut(),
                        0.2,
                        1000,
                        1,
                        95,
                        1e-3,
                        0.25))
                .isInstanceOf(AnalysisException.class)
                .hasMessageContaining("0.95")
                .hasMessageContaining("found 95");
    }

    @Test
    void fitsATableOfAnotherProgram() throws IOException {
        StringBuilder csv = new StringBuilder("N,D,loss\n");
        for (double n : new double[] {1e5, 4e5, 1.6e6, 6.4e6}) {
            for (double d : new double[] {1e6, 4e6, 1.6e7, 6.4e7}) {
                csv.append(n)
                        .append(',')
                        .append(d)
                        .append(',')
                        .append(law(n, d))
                        .append('\n');
            }
        }
        Path file = sweep.resolve("points.csv");
        Files.writeString(file, csv);
        StudyResult result = Study.run("points.csv", DataTable.read(file), options(Map.of()));

        assertThat(result.runs()).isEmpty();
        assertThat(result.law().parameters().get(0).value()).isEqualTo(ENTROPY, within(1e-5));
        assertThat(result.law().filter()).contains("points.csv");
        assertThat(result.warnings()).isEmpty();
        assertThat(Verdict.lines(result)).noneMatch(l -> l.contains("warnings"));
    }

    @Test
    void theDigitisedChinchillaPointsRaiseNoWarning() {
        DataTable kept = DataTable.read(Reference.law("chinchilla/points.csv"))
                .filter(r -> r.number("excluded_outlier") == 0);
        StudyOptions o = StudyOptions.defaults();
        StudyResult result = Study.run(
                "chinchilla",
                kept,
                new StudyOptions(
                        o.lrPath(),
                        o.widthPath(),
                        o.groupPaths(),
                        Map.of(),
                        o.size(),
                        StudyOptions.HoldOutRule.LARGEST_COMPUTE,
                        0.1,
                        200,
                        1,
                        0.95,
                        1e-3,
                        0.25));

        assertThat(result.warnings()).isEmpty();
        assertThat(result.law().holdOut().points()).hasSize(24);
        assertThat(result.law().holdOut().errors().are())
                .isLessThan(0.012)
                .isLessThan(result.law().holdOut().lastLoss().are());
        assertThat(result.law().optimalExponent().value()).isEqualTo(0.5139, within(1e-4));
    }
}
