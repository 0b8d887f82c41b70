package org.windtunnel.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the loader says to each mistake, word for word. */
class ConfigErrorsTest {
    private static final String GPT_KEYS =
            "family, width, depth, heads, head_dim, context, ffn_multiple, bias, tied, activation, norm_eps";

    @TempDir
    Path temp;

    /** What is replaced in the valid file, by what, and what is said. */
    static Stream<Arguments> mistakes() {
        return Stream.of(
                Arguments.of("  width: 32", "  widht: 32",
                        "x.yaml:4:3: model.widht: unknown key; did you mean width? Known keys: " + GPT_KEYS
                                + "\nx.yaml:3:3: model.width: missing key, expected an integer (Width of the residual stream)"),
                Arguments.of("  depth: 1", "  depth: 1\n  zzzzzzzz: 1",
                        "x.yaml:6:3: model.zzzzzzzz: unknown key; known keys: " + GPT_KEYS),
                Arguments.of("  width: 32", "  width: 32\n  width: 64",
                        "x.yaml:5:3: width: duplicate key, first given at x.yaml:4:3; keep one of the two"),
                Arguments.of("family: gpt", "family: gtp",
                        "x.yaml:3:11: model.family: expected one of gpt, llama, dl4j, resnet, mlp, found gtp; did you mean gpt?"),
                Arguments.of("  type: markov", "  vocab: 8",
                        "x.yaml:9:3: data.type: missing key, expected one of maven_sources, text, shards, markov, dl4j, cifar10, "
                                + "cifar100, idx, shapes"),
                Arguments.of("model:\n", "model: 3\nother:\n",
                        "x.yaml:3:1: other: unknown key; known keys: name, model, data, parameterization, optimizer, "
                                + "schedule, train, runtime, checkpoint, diagnostics, seed, init\nx.yaml:2:8: model: expected a section, found 3"),
                Arguments.of("width: 32", "width: wide",
                        "x.yaml:4:10: model.width: expected an integer (such as 64, 1e9, 500k or 1.5B), found wide"),
                Arguments.of("width: 32", "width: \"32\"",
                        "x.yaml:4:10: model.width: expected an integer, found the text \"32\"; remove the quotes"),
                Arguments.of("width: 32", "width: [32]", "x.yaml:4:10: model.width: expected an integer, found a list"),
                Arguments.of("width: 32", "width:", "x.yaml:4:9: model.width: expected an integer, found nothing"),
                Arguments.of("width: 32", "width: 32.5", "x.yaml:4:10: model.width: expected an integer, found 32.5"),
                Arguments.of("width: 32", "width: 3B",
                        "x.yaml:4:10: model.width: expected an integer from -2147483648 to 2147483647, found 3B"),
                Arguments.of("width: 32", "width: 0", "x.yaml:4:10: model.width: expected a number of at least 1, found 0"),
                Arguments.of("head_dim: 16", "head_dim: 0",
                        "x.yaml:6:13: model.head_dim: expected a number of at least 1, found 0"),
                Arguments.of("head_dim: 16", "head_dim: 12",
                        "x.yaml:2:1: model: width 32 is not a multiple of head_dim 12; choose a width that is"),
                Arguments.of("head_dim: 16", "heads: 5",
                        "x.yaml:2:1: model: width 32 is not divisible by heads 5; choose heads that divide it"),
                Arguments.of("steps: 10", "steps: 10\n  tokens: 1k",
                        "x.yaml:13:1: train: expected exactly one of tokens and steps, found both"),
                Arguments.of("batch: 4", "batch: 0", "x.yaml:15:10: train.batch: expected a number of at least 1, found 0"),
                Arguments.of("lr: 0.01", "lr: .nan", "x.yaml:12:7: optimizer.lr: expected a finite number, found .nan"),
                Arguments.of("lr: 0.01", "lr: 1e999",
                        "x.yaml:12:7: optimizer.lr: expected a number within the range of double precision, found 1e999"),
                Arguments.of("lr: 0.01", "lr: 1e-999",
                        "x.yaml:12:7: optimizer.lr: expected a number within the range of double precision, found 1e-999"),
                Arguments.of("lr: 0.01", "lr: 1k",
                        "x.yaml:12:7: optimizer.lr: expected a number, found 1k; suffixes such as k and M are for whole "
                                + "numbers only"),
                Arguments.of("lr: 0.01", "lr: 0,01",
                        "x.yaml:12:7: optimizer.lr: expected a number, found 0,01; write 1_000 or 1000, and a point for "
                                + "decimals"),
                Arguments.of("lr: 0.01", "lr: -1", "x.yaml:12:7: optimizer.lr: expected a number of at least 0, found -1"),
                Arguments.of("lr: 0.01", "lr: 0.01\n  decayed: matrics",
                        "x.yaml:13:12: optimizer.decayed: expected one of matrices, all, found matrics; did you mean matrices?"),
                Arguments.of("name: tiny", "name: ../up",
                        "x.yaml:1:7: name: expected the name of a directory under runs/ (1 to 100 characters, no slash, no "
                                + "dot in front), found \"../up\""),
                Arguments.of("name: tiny", "name: tiny\nseed: 1.5", "x.yaml:2:7: seed: expected an integer, found 1.5"),
                Arguments.of("type: markov", "type: text\n  train: a.txt",
                        "x.yaml:10:10: data.train: expected a list, found a.txt; write [a.txt]"),
                Arguments.of("name: tiny", "name: tiny\nsweep: {worker: 2}",
                        "x.yaml:2:9: sweep.worker: unknown key; did you mean workers? Known keys: workers, pack, launcher, "
                                + "grids, random, runs, seeds, derived, branches"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void saysWhatIsWrongAndWhere(String part, String replacement, String expected) {
        assertThat(Experiments.VALID).contains(part);
        assertThat(Experiments.message(temp, Experiments.VALID.replace(part, replacement))).isEqualTo(expected);
    }

    /** YAML's own traps. */
    static Stream<Arguments> traps() {
        return Stream.of(
                Arguments.of("bias: no", "x.yaml:4:9: model.bias: expected true or false, found no"),
                Arguments.of("tied: off", "x.yaml:4:9: model.tied: expected true or false, found off"),
                Arguments.of("heads: 1:30",
                        "x.yaml:4:10: model.heads: expected an integer (such as 64, 1e9, 500k or 1.5B), found 1:30"),
                Arguments.of("heads: 010", "x.yaml:4:10: model.heads: expected an integer without a leading zero, found 010"),
                Arguments.of("heads: 0x10",
                        "x.yaml:4:10: model.heads: expected an integer (such as 64, 1e9, 500k or 1.5B), found 0x10"),
                Arguments.of("heads: 1e999999999",
                        "x.yaml:4:10: model.heads: expected an integer from -9223372036854775808 to 9223372036854775807, "
                                + "found 1e999999999"),
                Arguments.of("heads: !!java.net.URL [x]",
                        "x.yaml:4:10: tags such as tag:yaml.org,2002:java.net.URL are not supported; write the plain value"),
                Arguments.of("heads: !mine 2", "x.yaml:4:10: tags such as !mine are not supported; write the plain value"),
                Arguments.of("<<: {heads: 2}", "x.yaml:4:3: merge keys (<<) are not supported; write the keys out"),
                Arguments.of("[a, b]: 2", "x.yaml:4:3: expected a key, found a list or section"),
                Arguments.of("heads: &loop [*loop]",
                        "x.yaml:4:10: expected at most 40 levels, found more; does an alias contain itself?"),
                Arguments.of("heads: *nowhere", "x.yaml:4:10: not valid YAML: found undefined alias nowhere"),
                Arguments.of("heads: 2\n\ttied: true", "x.yaml:5:1: not valid YAML: found a tab; indent with spaces"),
                Arguments.of("heads: 'open", "not valid YAML: while scanning a quoted scalar"),
                Arguments.of("heads: \u0007", "x.yaml:4:10: not valid YAML: found the unprintable character U+0007"));
    }

    @ParameterizedTest
    @MethodSource("traps")
    void yamlTrapsAreOneClearError(String line, String expected) {
        String message = Experiments.message(temp, Experiments.VALID.replace("  width: 32", "  " + line + "\n  width: 32"));
        assertThat(message).contains(expected).doesNotContain("\n").startsWith("x.yaml:");
    }

    @Test
    void filesThatAreNoExperiment() {
        assertThat(Experiments.message(temp, "")).isEqualTo("x.yaml:1:1: expected an experiment, found an empty file");
        assertThat(Experiments.message(temp, "# nothing\n"))
                .isEqualTo("x.yaml:1:1: expected an experiment, found an empty file");
        assertThat(Experiments.message(temp, "- a\n")).isEqualTo("x.yaml:1:1: expected the keys of an experiment (name, "
                + "model, data, ...), found a list");
        assertThat(Experiments.message(temp, Experiments.VALID + "---\nname: two\n"))
                .isEqualTo("x.yaml:17:1: expected one YAML document, found a second one; remove the '---' line or split "
                        + "the file");
        assertThat(Experiments.message(temp, new byte[] {'n', 'a', 'm', 'e', ':', '\n', ' ', (byte) 0xe9, '\n'}))
                .isEqualTo("x.yaml:2:2: expected UTF-8 text, found byte 0xe9; save the file as UTF-8");
        assertThatThrownBy(() -> ConfigLoader.load(temp.resolve("none.yaml"), List.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessage(temp.resolve("none.yaml") + ": no such file");
        assertThatThrownBy(() -> ConfigLoader.load(temp, List.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessage(temp + ": expected an experiment file, found a directory; name a file in it");
    }

    @Test
    void aByteOrderMarkIsSkipped() {
        assertThat(Experiments.message(temp, "\uFEFF" + Experiments.VALID)).isEqualTo("no error");
    }

    @Test
    void anAliasBombIsRefusedBeforeItIsExpanded() {
        StringBuilder bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 12; i++) {
            bomb.append("a%d: &a%d [%s]\n".formatted(i, i, "*a%d, ".formatted(i - 1).repeat(10)));
        }
        assertThat(Experiments.message(temp, bomb.toString()))
                .contains("expected at most 1000000 values, found more; are aliases multiplying?");
    }

    @Test
    void deepNestingIsRefused() {
        assertThat(Experiments.message(temp, "[".repeat(50_000))).startsWith("x.yaml:").contains("not valid YAML");
        assertThat(Experiments.message(temp, "a: " + "{b: ".repeat(60) + "1" + "}".repeat(60))).contains("x.yaml:");
    }

    @Test
    void severalMistakesAreReportedAtOnceAndAtMostTen() {
        StringBuilder text = new StringBuilder(Experiments.VALID);
        for (int i = 0; i < 14; i++) {
            text.append("qqqqqqqq").append(i).append(": 1\n");
        }
        String[] lines = Experiments.message(temp, text.toString()).split("\n");
        assertThat(lines).hasSize(11);
        assertThat(lines[0]).startsWith("x.yaml:16:1: qqqqqqqq0: unknown key");
        assertThat(lines[10]).isEqualTo("... and 4 more");
    }
}
