package org.windtunnel.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.DataSpec;
import org.windtunnel.config.DataSpec.ShardFormat;
import org.windtunnel.config.DataSpec.Tokenizer;

class Gpt2CorpusTest {
    private static final Gpt2Tokenizer TOKENIZER = new Gpt2Tokenizer();

    @TempDir
    Path dir;

    private Path cache;

    @BeforeEach
    void cacheHere() {
        cache = dir.resolve("cache");
        System.setProperty("windtunnel.cache", cache.toString());
    }

    @AfterEach
    void restore() {
        System.clearProperty("windtunnel.cache");
    }

    private static int[] ids(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return unpack(TOKENIZER.encode(utf8, 0, utf8.length, "the test"));
    }

    private static int[] unpack(byte[] tokens) {
        int[] ids = new int[tokens.length / 2];
        TokenBuffer.of(2, List.of(ByteBuffer.wrap(tokens))).read(0, ids.length, ids, 0);
        return ids;
    }

    private TokenCorpus open(List<String> train, List<String> validation) {
        return Corpora.open(new DataSpec.Text(train, validation, 0.1, Tokenizer.GPT2), dir);
    }

    private static int[] read(TokenCorpus corpus, Split split) {
        int[] tokens = new int[(int) corpus.length(split)];
        corpus.read(split, 0, tokens.length, tokens, 0);
        return tokens;
    }

    private List<Path> cacheFiles() throws Exception {
        try (Stream<Path> files = Files.list(cache)) {
            return files.sorted().toList();
        }
    }

    @Test
    void knownIds() {
        assertThat(ids("Hello world")).containsExactly(15496, 995);
        assertThat(ids("")).isEmpty();
        assertThat(ids("\n\n")).containsExactly(628);
        assertThat(ids("<|endoftext|>")).hasSize(7).doesNotContain(50256);
    }

    @Test
    void publishedExamples() throws Exception {
        ObjectMapper json = new ObjectMapper();
        for (String line : Files.readAllLines(SharedData.file("gpt2-bpe/examples.jsonl"))) {
            JsonNode example = json.readTree(line);
            int[] expected = IntStream.range(0, example.get("ids").size())
                    .map(i -> example.get("ids").get(i).asInt())
                    .toArray();
            assertThat(ids(example.get("text").asText())).as(example.get("text").asText()).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "tinyshakespeare/input.txt, 338025, 25c01b32b32f41897a6359dd222ec114992dc30c357bcafbfe6c56672f76cd31",
        "wikitext-2/valid.txt.gz, 258659, 17bc83b54d943c68889ab3b9cb01f17b86fe0216e9738ee39806d2631aac2ef9",
        "wikitext-2/test.txt.gz, 295877, 33d3634d89dfb45a09164ac72a5e7939b90eeffce49f82cc738dc5dbc652cf3c",
        "novels/valid.txt.xz, 253244, 498bb268b8efdc1ab48d28013c2d0230d3a625c6d75e861875894a0c0e08a610",
        "wikitext-2/train.txt.gz, 2448382, 6f6e4b8e337e6ca2543efc87c8ab83441094e4f66dc4e9cc806c40c8d2444bf5",
        "novels/train.txt.xz, 5830387, 705bcfafce328881981b5371aa1bdaf0afc34f87d520f53cbf30bcadc4b66d2f"
    })
    void wholeFilesMatchTheReference(String name, int tokens, String sha256) {
        byte[] text = InputFiles.read(SharedData.file(name), "data.train");
        long start = System.nanoTime();
        byte[] ids = TOKENIZER.encode(text, 0, text.length, name);
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf("%s: %d bytes, %d tokens in %.2f s%n", name, text.length, ids.length / 2, seconds);
        assertThat(ids.length / 2).isEqualTo(tokens);
        assertThat(Hashes.of(ids)).isEqualTo(sha256);
    }

    @Test
    void tinyShakespeareSplitsAsNanoGptDoes() {
        TokenCorpus corpus = open(List.of(SharedData.file("tinyshakespeare/input.txt").toString()), List.of());
        assertThat(corpus.length(Split.TRAIN)).isEqualTo(301_966);
        assertThat(corpus.length(Split.VALIDATION)).isEqualTo(36_059);
        assertThat(corpus.vocabSize()).isEqualTo(50257);
        assertThat(corpus.bytesPerToken(Split.VALIDATION)).isCloseTo(111_540.0 / 36_059, within(1e-12));
    }

    /** Cuts a text at every place where a long one may be cut; awkward runs of spaces and quotes included. */
    @Test
    void piecesGiveTheIdsOfTheWhole() {
        String text = "I'll  say \n\n it's\t'quoted'   ok  \n x=1;  // naïve — 木 \n";
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        int[] whole = ids(text);
        int cuts = 0;
        for (int at = 1; at < utf8.length; at++) {
            boolean space = utf8[at] == ' ' || utf8[at] == '\n';
            if (space && utf8[at - 1] > ' ' && utf8[at - 1] < 0x7F) {
                IntStream joined = IntStream.concat(
                        IntStream.of(unpack(TOKENIZER.encode(utf8, 0, at, "left"))),
                        IntStream.of(unpack(TOKENIZER.encode(utf8, at, utf8.length, "right"))));
                assertThat(joined.toArray()).isEqualTo(whole);
                cuts++;
            }
        }
        assertThat(cuts).isGreaterThan(5);
    }

    @Test
    void secondStartReadsTheCache() throws Exception {
        Files.writeString(dir.resolve("a.txt"), "one two three four five six seven eight nine ten ".repeat(30));
        Files.writeString(dir.resolve("b.txt"), "naïve café ".repeat(30));
        TokenCorpus first = open(List.of("a.txt", "b.txt"), List.of());
        List<Path> files = cacheFiles();
        assertThat(files).hasSize(2);
        var written = Files.getLastModifiedTime(files.get(0));
        TokenCorpus second = open(List.of("a.txt", "b.txt"), List.of());
        assertThat(read(second, Split.TRAIN)).isEqualTo(read(first, Split.TRAIN));
        assertThat(read(second, Split.VALIDATION)).isEqualTo(read(first, Split.VALIDATION));
        assertThat(second.bytesPerToken(Split.TRAIN)).isEqualTo(first.bytesPerToken(Split.TRAIN));
        assertThat(Files.getLastModifiedTime(files.get(0))).isEqualTo(written);
        assertThat(cacheFiles()).isEqualTo(files);
        TokenCorpus shards = Corpora.open(
                new DataSpec.Shards(List.of(cache + "/*.bin"), List.of(), 0.1, 50257, ShardFormat.LLMC), dir);
        assertThat(shards.length(Split.TRAIN) + shards.length(Split.VALIDATION))
                .isEqualTo(first.length(Split.TRAIN) + first.length(Split.VALIDATION));
        Files.writeString(dir.resolve("b.txt"), "other");
        open(List.of("a.txt", "b.txt"), List.of());
        assertThat(cacheFiles()).hasSize(4);
    }

    @Test
    void damagedCacheIsWrittenAgain() throws Exception {
        Files.writeString(dir.resolve("a.txt"), "one two three four five six seven eight nine ten ".repeat(30));
        int[] expected = read(open(List.of("a.txt"), List.of()), Split.TRAIN);
        for (Path file : cacheFiles()) {
            byte[] content = Files.readAllBytes(file);
            content[content.length - 1] ^= 1;
            Files.delete(file);
            Files.write(file, content);
        }
        assertThat(read(open(List.of("a.txt"), List.of()), Split.TRAIN)).isEqualTo(expected);
        for (Path file : cacheFiles()) {
            Files.delete(file);
            Files.writeString(file, "short");
        }
        assertThat(read(open(List.of("a.txt"), List.of()), Split.TRAIN)).isEqualTo(expected);
    }

    @Test
    void cacheThatCannotBeWrittenIsNoError() throws Exception {
        Files.writeString(dir.resolve("a.txt"), "one two three four five six seven eight nine ten ".repeat(30));
        Files.writeString(cache, "a file where the directory should be");
        assertThat(open(List.of("a.txt"), List.of()).length(Split.TRAIN)).isGreaterThan(200);
    }

    @Test
    void cutKeepsCharactersWhole() throws Exception {
        Files.writeString(dir.resolve("a.txt"), "木".repeat(101));
        TokenCorpus corpus = open(List.of("a.txt"), List.of());
        assertThat(corpus.bytesPerToken(Split.TRAIN) * corpus.length(Split.TRAIN)).isCloseTo(270, within(1e-9));
        assertThat(corpus.bytesPerToken(Split.VALIDATION) * corpus.length(Split.VALIDATION))
                .isCloseTo(33, within(1e-9));
    }

    @Test
    void whatIsNotTextIsRefused() throws Exception {
        Files.write(dir.resolve("latin1.txt"), "abc caf\u00e9 def".getBytes(StandardCharsets.ISO_8859_1));
        Files.write(dir.resolve("binary.bin"), new byte[] {65, 66, 0, 1});
        assertThatThrownBy(() -> open(List.of("latin1.txt"), List.of("latin1.txt")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("UTF-8")
                .hasMessageContaining("at byte 7 of")
                .hasMessageContaining("latin1.txt");
        assertThatThrownBy(() -> open(List.of("binary.bin"), List.of("binary.bin")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("NUL at byte 2")
                .hasMessageContaining("binary.bin");
    }

    @Test
    void javaSourcesAsBpe() {
        TokenCorpus corpus = Corpora.open(new DataSpec.MavenSources(300_000, Tokenizer.GPT2, 0.1), dir);
        long textBytes = Math.round(corpus.bytesPerToken(Split.TRAIN) * corpus.length(Split.TRAIN)
                + corpus.bytesPerToken(Split.VALIDATION) * corpus.length(Split.VALIDATION));
        assertThat(textBytes).isBetween(299_997L, 300_000L);
    }
}
