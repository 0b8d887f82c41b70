package org.windtunnel.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.DataSpec;
import org.windtunnel.config.DataSpec.Tokenizer;

class TextCorpusTest {
    private static final String TEXT =
            "It was the best of times, it was the worst of times; naïve café — 木.\n".repeat(40);

    @TempDir
    Path dir;

    @BeforeEach
    void write() throws Exception {
        Files.writeString(dir.resolve("a.txt"), TEXT);
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(dir.resolve("b.txt.gz")))) {
            out.write(TEXT.getBytes(StandardCharsets.UTF_8));
        }
        try (OutputStream out =
                new XZOutputStream(Files.newOutputStream(dir.resolve("c.txt.xz")), new LZMA2Options())) {
            out.write(TEXT.getBytes(StandardCharsets.UTF_8));
        }
    }

    private TokenCorpus open(List<String> train, List<String> validation) {
        return Corpora.open(new DataSpec.Text(train, validation, 0.1, Tokenizer.BYTES), dir);
    }

    private static byte[] bytes(TokenCorpus corpus, Split split) {
        int[] tokens = new int[(int) corpus.length(split)];
        corpus.read(split, 0, tokens.length, tokens, 0);
        byte[] bytes = new byte[tokens.length];
        for (int i = 0; i < tokens.length; i++) {
            bytes[i] = (byte) tokens[i];
        }
        return bytes;
    }

    @Test
    void compressedFilesReadAsPlainOnes() {
        byte[] expected = TEXT.getBytes(StandardCharsets.UTF_8);
        for (String name : List.of("a.txt", "b.txt.gz", "c.txt.xz")) {
            assertThat(bytes(open(List.of(name), List.of("a.txt")), Split.TRAIN)).isEqualTo(expected);
        }
    }

    @Test
    void endIsHeldOut() {
        TokenCorpus corpus = open(List.of("a.txt", "b.txt.gz"), List.of());
        int all = 2 * TEXT.getBytes(StandardCharsets.UTF_8).length;
        assertThat(corpus.length(Split.TRAIN)).isEqualTo((long) (all * 0.9));
        assertThat(corpus.length(Split.TRAIN) + corpus.length(Split.VALIDATION)).isEqualTo(all);
        String joined = new String(bytes(corpus, Split.TRAIN), StandardCharsets.ISO_8859_1)
                + new String(bytes(corpus, Split.VALIDATION), StandardCharsets.ISO_8859_1);
        byte[] twice = (TEXT + TEXT).getBytes(StandardCharsets.UTF_8);
        assertThat(joined).isEqualTo(new String(twice, StandardCharsets.ISO_8859_1));
    }

    @Test
    void readsAcrossFiles() {
        TokenCorpus corpus = open(List.of("a.txt", "b.txt.gz"), List.of("a.txt"));
        byte[] text = TEXT.getBytes(StandardCharsets.UTF_8);
        int[] tokens = new int[14];
        corpus.read(Split.TRAIN, text.length - 4, 10, tokens, 3);
        for (int i = 0; i < 10; i++) {
            assertThat(tokens[3 + i]).isEqualTo(text[(text.length - 4 + i) % text.length] & 0xFF);
        }
        assertThat(tokens[2]).isZero();
        assertThat(tokens[13]).isZero();
        assertThatThrownBy(() -> corpus.read(Split.TRAIN, 2L * text.length - 1, 2, tokens, 0))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void globsAreSortedAndNeedAMatch() throws Exception {
        Files.createDirectories(dir.resolve("sub/deep"));
        Files.writeString(dir.resolve("sub/2.txt"), "two");
        Files.writeString(dir.resolve("sub/1.txt"), "one");
        Files.writeString(dir.resolve("sub/deep/3.txt"), "three");
        assertThat(new String(bytes(open(List.of("sub/*.txt"), List.of("a.txt")), Split.TRAIN), StandardCharsets.UTF_8))
                .isEqualTo("onetwo");
        assertThat(bytes(open(List.of("sub/**.txt"), List.of("a.txt")), Split.TRAIN)).hasSize(11);
        assertThat(bytes(open(List.of("sub/1.txt", "sub/*.txt"), List.of("a.txt")), Split.TRAIN)).hasSize(6);
        assertThat(bytes(open(List.of(dir.resolve("sub") + "/?.txt"), List.of("a.txt")), Split.TRAIN)).hasSize(6);
        Files.createSymbolicLink(dir.resolve("link"), dir.resolve("sub"));
        assertThat(bytes(open(List.of("link/*.txt"), List.of("a.txt")), Split.TRAIN)).hasSize(6);
        assertMessage(List.of("sub/*.md"), "data.train: expected files that match sub/*.md, found none under");
        assertMessage(List.of("none/*.md"), "found none under");
        assertMessage(List.of("[a.txt"), "is not a glob");
    }

    @Test
    void missingDamagedAndEmptyFilesAreNamed() throws Exception {
        Files.writeString(dir.resolve("empty.txt"), "");
        Files.writeString(dir.resolve("fake.gz"), "not gzip data at all");
        Files.writeString(dir.resolve("fake.xz"), "not xz data at all");
        Files.write(dir.resolve("cut.gz"), Arrays.copyOf(Files.readAllBytes(dir.resolve("b.txt.gz")), 60));
        Files.write(dir.resolve("cut.xz"), Arrays.copyOf(Files.readAllBytes(dir.resolve("c.txt.xz")), 60));
        assertMessage(List.of(), "data.train: expected at least one file");
        assertMessage(List.of(""), "data.train: expected a file name");
        assertMessage(List.of("absent.txt"), "data.train: no file");
        assertMessage(List.of("."), "found the directory");
        assertMessage(List.of("empty.txt"), "empty.txt is empty");
        assertMessage(List.of("fake.gz"), "fake.gz is not valid gz data");
        assertMessage(List.of("fake.xz"), "fake.xz is not valid xz data");
        assertMessage(List.of("cut.gz"), "cut.gz ends in the middle");
        assertMessage(List.of("cut.xz"), "cut.xz ends in the middle");
    }

    private void assertMessage(List<String> train, String message) {
        assertThatThrownBy(() -> open(train, List.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(message);
    }

    @Test
    void unreadableFilesAreNamed() throws Exception {
        Path secret = Files.writeString(dir.resolve("secret.txt"), "x");
        boolean hidden = secret.toFile().setReadable(false) && !Files.isReadable(secret);
        Assumptions.assumeTrue(hidden, "this user reads every file");
        assertMessage(List.of("secret.txt"), "cannot read");
    }

    @Test
    void heldOutFractionMustLeaveBothParts() {
        for (double fraction : new double[] {0, 1, -0.1, Double.NaN}) {
            assertThatThrownBy(() -> Corpora.open(
                            new DataSpec.Text(List.of("a.txt"), List.of(), fraction, Tokenizer.BYTES), dir))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining("data.validation_fraction");
        }
        assertThatThrownBy(() -> Corpora.cut(3, 0.99)).hasMessageContaining("leaves nothing");
    }

    @Test
    void lossesConvertToBitsPerByte() {
        TokenCorpus corpus = open(List.of("a.txt"), List.of());
        assertThat(corpus.bitsPerByte(Split.VALIDATION, Math.log(2) * 3)).isCloseTo(3, within(1e-12));
        assertThat(corpus.entropyRate()).isNaN();
    }

    @Test
    void provenanceNamesFilesAndHashes() throws Exception {
        Provenance provenance = open(List.of("a.txt"), List.of("c.txt.xz")).provenance();
        assertThat(provenance.source()).isEqualTo("text");
        assertThat(provenance.items()).extracting(Provenance.Item::bytes)
                .containsExactly(Files.size(dir.resolve("a.txt")), Files.size(dir.resolve("c.txt.xz")));
        assertThat(provenance.items().get(0).sha256()).isEqualTo(Hashes.of(TEXT.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void tinyShakespeareSplitsAsUsual() {
        Path file = SharedData.file("tinyshakespeare/input.txt");
        TokenCorpus corpus = open(List.of(file.toString()), List.of());
        assertThat(corpus.length(Split.TRAIN)).isEqualTo(1_003_854);
        assertThat(corpus.length(Split.VALIDATION)).isEqualTo(111_540);
        assertThat(corpus.provenance().items().get(0).sha256())
                .isEqualTo("86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed");
    }
}
