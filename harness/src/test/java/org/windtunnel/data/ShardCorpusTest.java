package org.windtunnel.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.DataSpec;
import org.windtunnel.config.DataSpec.ShardFormat;

class ShardCorpusTest {
    @TempDir
    Path dir;

    @BeforeEach
    void cacheHere() {
        System.setProperty("windtunnel.cache", dir.resolve("cache").toString());
    }

    @AfterEach
    void restore() {
        System.clearProperty("windtunnel.cache");
    }

    private static byte[] encode(int width, int... ids) {
        ByteBuffer out = ByteBuffer.allocate(ids.length * width).order(ByteOrder.LITTLE_ENDIAN);
        for (int id : ids) {
            if (width == 2) {
                out.putShort((short) id);
            } else {
                out.putInt(id);
            }
        }
        return out.array();
    }

    private static byte[] llmc(int magic, int version, int count, byte[] ids) {
        ByteBuffer out = ByteBuffer.allocate(1024 + ids.length).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(0, magic).putInt(4, version).putInt(8, count).position(1024);
        return out.put(ids).array();
    }

    private void write(String name, byte[] content) throws Exception {
        Files.write(dir.resolve(name), content);
    }

    private TokenCorpus open(int vocab, ShardFormat format, String... train) {
        return Corpora.open(new DataSpec.Shards(List.of(train), List.of("valid.bin"), 0.1, vocab, format), dir);
    }

    private static int[] train(TokenCorpus corpus) {
        int[] tokens = new int[(int) corpus.length(Split.TRAIN)];
        corpus.read(Split.TRAIN, 0, tokens.length, tokens, 0);
        return tokens;
    }

    @BeforeEach
    void validation() throws Exception {
        write("valid.bin", encode(2, 1, 2, 3));
    }

    @Test
    void readsBothFormatsAndWidths() throws Exception {
        int[] ids = {0, 1, 255, 256, 32768, 50256};
        write("raw.bin", encode(2, ids));
        write("gpt2.bin", llmc(20240520, 1, 6, encode(2, ids)));
        write("llama.bin", llmc(20240801, 7, 3, encode(4, 128000, 5, 70000)));
        assertThat(train(open(50257, ShardFormat.AUTO, "raw.bin"))).isEqualTo(ids);
        assertThat(train(open(50257, ShardFormat.NANOGPT, "raw.bin"))).isEqualTo(ids);
        assertThat(train(open(50257, ShardFormat.AUTO, "gpt2.bin"))).isEqualTo(ids);
        write("valid.bin", llmc(20240520, 1, 3, encode(2, 1, 2, 3)));
        assertThat(train(open(50257, ShardFormat.LLMC, "gpt2.bin"))).isEqualTo(ids);
        assertThat(train(open(128256, ShardFormat.AUTO, "llama.bin"))).containsExactly(128000, 5, 70000);
    }

    @Test
    void manyFilesAreOneStream() throws Exception {
        for (int f = 0; f < 5; f++) {
            int start = 100 * f;
            int[] ids = IntStream.range(start, start + 100).toArray();
            write("part_" + f + ".bin", f % 2 == 0 ? encode(2, ids) : llmc(20240520, 1, 100, encode(2, ids)));
        }
        TokenCorpus corpus = open(500, ShardFormat.AUTO, "part_*.bin");
        assertThat(train(corpus)).isEqualTo(IntStream.range(0, 500).toArray());
        int[] window = new int[250];
        corpus.read(Split.TRAIN, 95, 250, window, 0);
        assertThat(window).isEqualTo(IntStream.range(95, 345).toArray());
        assertThat(corpus.provenance().items()).hasSize(6);
        TokenCorpus held = Corpora.open(
                new DataSpec.Shards(List.of("part_*.bin"), List.of(), 0.1, 500, ShardFormat.AUTO), dir);
        assertThat(held.length(Split.TRAIN)).isEqualTo(450);
        held.read(Split.VALIDATION, 0, 50, window, 0);
        assertThat(Arrays.copyOf(window, 50)).isEqualTo(IntStream.range(450, 500).toArray());
        assertThatThrownBy(() -> held.read(Split.TRAIN, 449, 2, window, 0))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void idsBeyondTheVocabularyAreLocated() throws Exception {
        write("raw.bin", encode(2, 5, 64, 65, 70));
        assertError(
                65,
                ShardFormat.AUTO,
                "raw.bin",
                "raw.bin holds token id 65 at token 2",
                "below data.vocab 65",
                "largest id is 70");
        assertThat(open(71, ShardFormat.AUTO, "raw.bin").vocabSize()).isEqualTo(71);
        write("wide.bin", llmc(20240801, 7, 2, encode(4, 1, -1)));
        assertError(65, ShardFormat.AUTO, "wide.bin", "token id 4294967295 at token 1");
    }

    @Test
    void largeFilesAreCheckedOnce() throws Exception {
        byte[] large = new byte[16 << 20];
        write("large.bin", large);
        assertThat(open(10, ShardFormat.AUTO, "large.bin").length(Split.TRAIN)).isEqualTo(8 << 20);
        assertThat(Files.list(dir.resolve("cache"))).hasSize(1);
        String sha = Hashes.of(large);
        assertThat(open(10, ShardFormat.AUTO, "large.bin").provenance().items().get(0).sha256()).isEqualTo(sha);
        large[100] = 11;
        write("large.bin", large);
        Files.setLastModifiedTime(dir.resolve("large.bin"), FileTime.fromMillis(1_000_000));
        assertError(10, ShardFormat.AUTO, "large.bin", "token id 11 at token 50");
    }

    @Test
    void damagedFilesAreNamed() throws Exception {
        write("empty.bin", new byte[0]);
        write("odd.bin", new byte[7]);
        write("short.bin", llmc(20240520, 1, 10, encode(2, 1, 2, 3)));
        write("long.bin", llmc(20240520, 1, 2, encode(2, 1, 2, 3)));
        write("none.bin", llmc(20240520, 1, 0, new byte[0]));
        write("header.bin", Arrays.copyOf(llmc(20240520, 1, 1, new byte[2]), 500));
        write("version.bin", llmc(20240520, 2, 1, new byte[2]));
        write("eval.bin", llmc(20240522, 1, 1, new byte[2]));
        assertError(10, ShardFormat.AUTO, "empty.bin", "empty.bin is empty");
        assertError(10, ShardFormat.AUTO, "odd.bin", "7 bytes, an odd number");
        assertError(
                10, ShardFormat.AUTO, "short.bin", "is cut short", "announces 10 tokens, so 1044 bytes, found 1030");
        assertError(10, ShardFormat.AUTO, "long.bin", "is too long");
        assertError(10, ShardFormat.AUTO, "none.bin", "announces 0 tokens");
        assertError(10, ShardFormat.AUTO, "header.bin", "500 bytes, expected an llm.c header of 1024");
        assertError(10, ShardFormat.AUTO, "version.bin", "version 2", "expected version 1");
        assertError(10, ShardFormat.AUTO, "eval.bin", "evaluation file");
        assertError(10, ShardFormat.LLMC, "valid.bin", "expected llm.c's magic 20240520");
        assertError(1, ShardFormat.AUTO, "valid.bin", "data.vocab: expected at least 2");
    }

    @Test
    void widthsDoNotMix() throws Exception {
        write("a.bin", llmc(20240801, 7, 1, encode(4, 1)));
        assertThatThrownBy(() -> open(10, ShardFormat.AUTO, "a.bin", "valid.bin"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("ids of 2 bytes, the files before it of 4");
    }

    private void assertError(int vocab, ShardFormat format, String file, String... parts) {
        assertThatThrownBy(() -> open(vocab, format, file))
                .isInstanceOf(ConfigException.class)
                .hasMessageContainingAll(parts);
    }
}
