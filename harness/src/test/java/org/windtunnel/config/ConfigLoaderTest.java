package org.windtunnel.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigLoaderTest {
    @TempDir
    Path temp;

    private ExperimentSpec spec(String... overrides) {
        return ConfigLoader.bind(Experiments.load(temp, Experiments.VALID, overrides).experiment());
    }

    @Test
    void defaultsFillWhatIsNotGiven() {
        ExperimentSpec spec = spec();
        assertThat(spec.seed()).isEqualTo(1);
        assertThat(spec.runtime()).isEqualTo(
                new RuntimeSpec(RuntimeSpec.BackendName.CPU, 1, RuntimeSpec.Precision.FP32));
        assertThat(spec.parameterization()).isInstanceOf(ParameterizationSpec.Sp.class);
        assertThat(spec.train().tokens()).isNull();
        assertThat(((OptimizerSpec.AdamW) spec.optimizer()).beta2()).isEqualTo(0.95);
    }

    @Test
    void evaluationDefaultsToWhatAnErrorRateNeeds() {
        TrainSpec tokens = spec().train();
        assertThat(spec("train.eval_sequences=null").train().evalSequences()).isEqualTo(64);
        assertThat(tokens.evalSequences()).isNotNull();
        String images = "model={family: resnet, depth: 8, width: 4}";
        TrainSpec open = spec(images, "data={type: shapes}", "train.eval_sequences=null").train();
        assertThat(open.evaluatedImages(4096)).isEqualTo(4096);
        assertThat(open.evaluatedImages(26_032)).isEqualTo(10_000);
        TrainSpec given = spec(images, "data={type: shapes}", "train.eval_sequences=200").train();
        assertThat(given.evaluatedImages(4096)).isEqualTo(200);
        assertThatThrownBy(() -> given.evaluatedImages(199)).hasMessageContaining("expected at most 199");
    }

    @Test
    void aSectionWithADefaultTypeNeedsNoType() {
        assertThat(spec("schedule={warmup: 0.1}").schedule()).isInstanceOf(ScheduleSpec.Constant.class);
        assertThat(((ParameterizationSpec.Sp) spec("parameterization.hidden_gain=2").parameterization()).hiddenGain())
                .isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"500k,500000", "500K,500000", "2M,2000000", "1.5B,1500000000", "1.5G,1500000000", "1e9,1000000000",
        "1_000_000,1000000", "2T,2000000000000", "1.5e3,1500", "64.0,64", "+7,7", "0.5k,500", "9223372036854775807,9223372036854775807"})
    void integersAsPeopleWriteThem(String text, long value) {
        assertThat(spec("train={tokens: " + text + ", batch: 4}").train().tokens()).isEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.0001k", "1e-3", "9223372036854775808", "1e30", "1__0", "_1", "1_", "k", "1kk", "1 k", "5m",
        "-", "١", "true"})
    void integersThatWouldLoseSomethingAreRefused(String text) {
        assertThat(Experiments.message(temp, Experiments.VALID, "train={tokens:\n " + text + ", batch: 4}"))
                .startsWith("--set train={tokens:  " + text).contains("train.tokens: expected ").doesNotContain("\n");
    }

    @ParameterizedTest
    @CsvSource({"1e-3,0.001", "3,3", ".5,0.5", "5.,5", "1_0.5,10.5", "1E-2,0.01", "4.9e-324,4.9e-324"})
    void realNumbers(String text, double value) {
        assertThat(spec("optimizer.lr=" + text).optimizer().lr()).isEqualTo(value);
    }

    /** Without them a run keeps the identity that it had before these keys existed. */
    @Test
    void anAuxiliaryOptimizerMayHaveRatesByGroup() {
        String muon = "optimizer={type: muon, lr: 0.05, adamw: {lr: 0.01, beta1: 0.8";
        OptimizerSpec one = spec(muon + "}}").optimizer();
        OptimizerSpec own = spec(muon + ", embedding_lr: 0.6, readout_lr: 0.22, vector_lr: 0.04}}").optimizer();
        assertThat(own.lr(UpdateRule.ADAMW, RateGroup.EMBEDDING)).isEqualTo(0.6);
        assertThat(own.lr(UpdateRule.ADAMW, RateGroup.READOUT)).isEqualTo(0.22);
        assertThat(own.lr(UpdateRule.ADAMW, RateGroup.VECTOR)).isEqualTo(0.04);
        assertThat(own.lr(UpdateRule.ADAMW, RateGroup.MATRIX)).isEqualTo(0.01);
        assertThat(own.lr(UpdateRule.MUON, RateGroup.MATRIX)).isEqualTo(0.05);
        for (RateGroup group : RateGroup.values()) {
            assertThat(one.lr(UpdateRule.ADAMW, group)).isEqualTo(0.01);
        }
        assertThat(Values.identifying(one).toString()).contains("beta1").doesNotContain("embedding_lr", "readout_lr");
        assertThat(Experiments.message(temp, Experiments.VALID, muon + ", vector_lr: -1}}"))
                .contains("optimizer.adamw.vector_lr: expected").contains("found -1");
    }

    @Test
    void muonMayHaveSgdBesideIt() {
        OptimizerSpec own = spec("optimizer={type: muon, lr: 0.24, sgd: {lr: 0.2}}").optimizer();
        assertThat(own.auxiliary())
                .isEqualTo(new OptimizerSpec.Sgd(0.2, 0.85, 0, true, 0, OptimizerSpec.Decayed.MATRICES));
        OptimizerSpec shared = spec("optimizer={type: muon, lr: 0.24, sgd: {}}").optimizer();
        assertThat(shared.lr(UpdateRule.SGD, RateGroup.VECTOR)).isEqualTo(0.24);
        assertThat(shared.rules()).containsExactlyInAnyOrder(UpdateRule.MUON, UpdateRule.SGD);
        OptimizerSpec adamw = spec("optimizer={type: muon, lr: 0.24}").optimizer();
        assertThat(adamw.auxiliary()).isInstanceOf(OptimizerSpec.AdamW.class);
        assertThat(Values.identifying(adamw).toString()).doesNotContain("sgd");
        assertThat(Experiments.message(temp, Experiments.VALID,
                "optimizer={type: muon, lr: 1, sgd: {}, adamw: {lr: 1}}"))
                .contains("expected adamw or sgd");
        assertThat(Experiments.message(temp, Experiments.VALID, "optimizer={type: muon, lr: 1, sgd: {beta1: 1}}"))
                .contains("optimizer.sgd.beta1: unknown key");
    }

    @Test
    void overridesReplaceAddAndClear() {
        assertThat(spec("model.width=64", "model.width=128").model().width()).isEqualTo(128);
        assertThat(spec("runtime.threads=2").runtime().threads()).isEqualTo(2);
        assertThat(((ModelSpec.Gpt) spec("model.head_dim=null", "model.heads=4").model()).resolvedHeads()).isEqualTo(4);
        assertThat(spec("optimizer={type: sgd, lr: 1}").optimizer()).isInstanceOf(OptimizerSpec.Sgd.class);
        assertThat(spec("data={type: text, train: [a, b]}", "data.train.1=c").data())
                .extracting(d -> ((DataSpec.Text) d).train()).isEqualTo(List.of("a", "c"));
        assertThat(Experiments.load(temp, Experiments.VALID + "sweep: {workers: 1}", "sweep.workers=3").sweep().workers())
                .isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "model.widht=64|model.widht: unknown key; did you mean width? Known keys: family, width,",
        "modle.width=64|modle: unknown key; did you mean model? Known keys: name, model,",
        "model.width=wide|model.width: expected an integer (such as 64, 1e9, 500k or 1.5B), found wide",
        "model.width=|model.width: expected an integer, found nothing",
        "model.width.x=1|model.width.x: model.width is the value 32 (x.yaml:4:10), not a section that could hold x",
        "model.width|expected PATH=VALUE, for example --set model.width=128",
        "=1|expected PATH=VALUE, for example --set model.width=128",
        "model..width=1|expected a path such as model.width, found \"model..width\"",
        "model.=1|expected a path such as model.width, found \"model.\"",
        "model.width=[1|not valid YAML: while parsing a flow sequence",
    })
    void overridesThatDoNotFitPointAtTheArgument(String override, String expected) {
        assertThat(Experiments.message(temp, Experiments.VALID, override)).startsWith("--set " + override + ": " + expected);
    }

    @Test
    void aSweepMaySupplyWhatIsMissingButExcusesNothingElse() {
        String open = Experiments.VALID.replace("  width: 32\n", "");
        assertThat(Experiments.message(temp, open)).contains("model.width: missing key");
        assertThat(Experiments.message(temp, open + "sweep: {grids: [{model.width: [32]}]}\n")).isEqualTo("no error");
        assertThat(Experiments.message(temp, open.replace("depth", "dpeth") + "sweep: {grids: [{model.width: [32]}]}\n"))
                .contains("x.yaml:4:3: model.dpeth: unknown key; did you mean depth?");
    }

    @Test
    void everyKeyHasItsDocumentationAndItsPlaceInTheReference() {
        String reference = ConfigReference.text();
        Set<Class<?>> seen = new HashSet<>();
        for (Class<?> root : new Class<?>[] {ExperimentSpec.class, SweepSpec.class, AnalysisSpec.class}) {
            documented(root, reference, seen);
        }
        assertThat(seen).hasSizeGreaterThan(15);
    }

    private static void documented(Type type, String reference, Set<Class<?>> seen) {
        if (type instanceof ParameterizedType generic) {
            for (Type argument : generic.getActualTypeArguments()) {
                documented(argument, reference, seen);
            }
        }
        if (!(type instanceof Class<?> raw) || raw == ConfigNode.class || !seen.add(raw)) {
            return;
        }
        if (raw.isSealed()) {
            for (Class<?> variant : raw.getPermittedSubclasses()) {
                assertThat(variant.getAnnotation(Variant.class)).as("@Variant of %s", variant).isNotNull();
                assertThat(reference).contains(variant.getAnnotation(Variant.class).doc());
                documented(variant, reference, seen);
            }
        }
        if (raw.isRecord()) {
            for (RecordComponent component : raw.getRecordComponents()) {
                Key key = component.getAnnotation(Key.class);
                assertThat(key).as("@Key of %s", component).isNotNull();
                assertThat(key.value()).as("documentation of %s", component).isNotBlank();
                assertThat(reference).contains(Names.snake(component.getName()) + ":").contains(key.value());
                documented(component.getGenericType(), reference, seen);
            }
        }
    }
}
