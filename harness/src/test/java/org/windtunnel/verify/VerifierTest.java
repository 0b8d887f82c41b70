package org.windtunnel.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.RuntimeSpec;
import org.windtunnel.config.RuntimeSpec.BackendName;
import org.windtunnel.config.RuntimeSpec.Precision;

class VerifierTest {
    private static final Supplier<Backend> NONE = () -> {
        throw new AssertionError("needs no backend");
    };

    @TempDir
    Path dir;

    private static Path golden(String name) {
        try {
            return Path.of(VerifierTest.class.getResource("/golden/" + name).toURI());
        } catch (java.net.URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static Supplier<Backend> open(BackendName name, Precision precision) {
        return () -> Backends.open(new RuntimeSpec(name, 1, precision));
    }

    private static VerifyReport passing(Supplier<Backend> backend, String... names) {
        VerifyReport report =
                Verifier.verify(java.util.Arrays.stream(names).map(VerifierTest::golden).toList(), backend);
        assertThat(report.passed()).withFailMessage(() -> VerifyTable.format(report)).isTrue();
        return report;
    }

    private static final String[] OPTIMIZERS = {
        "adamw.json",
        "sgd.json",
        "sgd_sai.json",
        "apollo.json",
        "apollo_mini.json",
        "muon.json",
        "muonh.json",
        "newton_schulz.json"
    };

    @Test
    void schedulesOfOtherCodeBases() {
        assertThat(passing(NONE, "schedules.json").checks()).hasSize(27 + 2 * 10);
    }

    @Test
    void multipliersOfMicrosoftMup() {
        VerifyReport report = passing(NONE, "mup_multipliers.json");
        assertThat(report.checks()).hasSize((3 + 2 + 2) * 12);
        assertThat(report.unsupported()).isEmpty();
    }

    @Test
    void groupsOfCompleteP() {
        assertThat(passing(NONE, "completep_groups.json").checks()).hasSize(5 * 7);
    }

    @Test
    void ratesOfHyperP() {
        assertThat(passing(NONE, "hyperp_multipliers.json").checks()).hasSize(5 * 3 + 2);
    }

    @Test
    void optimizersOnTheCpuBackend() {
        passing(open(BackendName.CPU, Precision.FP32), OPTIMIZERS);
    }

    @Test
    void optimizersOnTheReferenceBackend() {
        passing(open(BackendName.ND4J, Precision.FP32), OPTIMIZERS);
    }

    @Test
    void optimizersInDoublePrecision() {
        VerifyReport report = passing(open(BackendName.ND4J, Precision.FP64), OPTIMIZERS);
        assertThat(report.checks()).allMatch(c -> c.maxRel() < 1e-9);
    }

    @Test
    void slopesOfACoordinateCheckElsewhere() throws Exception {
        VerifyReport report = passing(open(BackendName.CPU, Precision.FP32), "coord_check_reference.json");
        assertThat(report.checks()).hasSize(4 * 7 + 4 * 4 + 4 * 5);
        assertThat(report.unsupported()).extracting(VerifyReport.Left::reason)
                .hasSize(4)
                .allSatisfy(reason -> assertThat(reason).contains("b2.bn2 is not observed"));
        ObjectMapper json = new ObjectMapper();
        ObjectNode root = (ObjectNode) json.readTree(golden("coord_check_reference.json").toFile());
        ObjectNode gpt = (ObjectNode) root.get("experiments").get(0);
        ObjectNode mlp = (ObjectNode) root.get("experiments").get(4);
        ObjectNode resnet = (ObjectNode) root.get("experiments").get(8);
        gpt.put("parameterization", "mup").put("seeds", 1);
        mlp.put("parameterization", "mup").put("seeds", 1);
        resnet.put("parameterization", "mup").put("seeds", 1);
        root.putArray("experiments").add(gpt).add(mlp).add(resnet);
        Path wrong = dir.resolve("wrong.json");
        json.writeValue(wrong.toFile(), root);
        VerifyReport refused = Verifier.verify(List.of(wrong), open(BackendName.CPU, Precision.FP32));
        assertThat(refused.checks()).filteredOn(Check::passed).extracting(Check::quantity)
                .containsExactly("slopes of wte", "slopes of layer1", "slopes of stem_conv");
    }

    @Test
    void aWrongNumberFails() throws Exception {
        String text = Files.readString(golden("schedules.json"));
        Path broken = dir.resolve("schedules.json");
        Files.writeString(broken, text.replaceFirst("\"peak_lr\": 0\\.0006", "\"peak_lr\": 0.00060001"));
        assertThat(Files.readString(broken)).isNotEqualTo(text);
        VerifyReport report = Verifier.verify(List.of(broken), NONE);
        assertThat(report.passed()).isFalse();
        assertThat(VerifyTable.format(report)).contains("nanogpt_cosine_0").contains("FAILED");
    }

    @Test
    void everyFileOfADirectoryIsAccountedFor() throws Exception {
        Files.copy(golden("schedules.json"), dir.resolve("schedules.json"));
        Files.writeString(dir.resolve("foreign.json"), "{\"a\": 1}");
        Files.writeString(dir.resolve("later.json"), "{\"format\": \"later/v1\"}");
        Files.writeString(
                dir.resolve("lion.json"),
                "{\"format\": \"optimizer-golden/v1\", \"cases\": [{\"optimizer\": \"lion\"}]}");
        Files.writeString(dir.resolve("torn.json"), "{\"format\": ");
        Files.writeString(dir.resolve("empty.json"), "{\"format\": \"lr-schedule-golden/v1\"}");
        Files.writeString(dir.resolve("readme.txt"), "not read");
        VerifyReport report = Verifier.verify(List.of(dir), NONE);
        assertThat(report.checks()).hasSize(47).allMatch(Check::passed);
        assertThat(report.unsupported()).extracting(VerifyReport.Left::reason).containsExactly(
                "no field \"format\": not a golden file", "format later/v1", "optimizer lion");
        assertThat(report.unreadable()).extracting(VerifyReport.Left::reason).satisfiesExactly(
                r -> assertThat(r).contains("expected a field tolerance"),
                r -> assertThat(r).contains("expected JSON, found at line 1"));
        assertThat(report.passed()).isFalse();
        assertThat(VerifyTable.format(report)).contains("FAILED: 47 checks, 0 failed, 3 not supported, 2 unreadable");
    }

    @Test
    void pathsThatHoldNothingAreRefused() {
        assertThatThrownBy(() -> Verifier.verify(List.of(dir.resolve("none")), NONE))
                .isInstanceOf(ConfigException.class).hasMessageContaining("found nothing at");
        assertThatThrownBy(() -> Verifier.verify(List.of(dir), NONE))
                .isInstanceOf(ConfigException.class).hasMessageContaining("found none");
    }

    @Test
    void deviationsAreJudgedElementByElement() {
        Check fine = new Deviation(1e-3, 0).add(new double[] {1000.5, 0}, new double[] {1000, 0}).check("c", "q");
        assertThat(fine.passed()).isTrue();
        assertThat(fine.maxAbs()).isEqualTo(0.5);
        assertThat(fine.maxRel()).isEqualTo(5e-4);
        assertThat(new Deviation(1e-3, 0)
                        .add(new double[] {1000, 1.1}, new double[] {1000, 1})
                        .check("c", "q")
                        .passed())
                .isFalse();
        assertThat(new Deviation(1, 1).add(Double.NaN, 1).check("c", "q").passed()).isFalse();
        assertThat(new Deviation(1, 1).add(new double[1], new double[2]).check("c", "q").passed()).isFalse();
    }
}
