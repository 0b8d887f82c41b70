package org.windtunnel.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.DataSpec;

/** Token shards as a corpus: the source {@code shards}. */
final class ShardSource {
    /** Files from this size on are checked once and then remembered by size and time of change. */
    private static final long REMEMBER_FROM = 16L << 20;

    private static final int CHUNK = 1 << 14;

    private final DataSpec.Shards spec;
    private final List<Provenance.Item> items = new ArrayList<>();

    private ShardSource(DataSpec.Shards spec) {
        this.spec = spec;
    }

    static TokenCorpus open(DataSpec.Shards spec, Path baseDir) {
        if (spec.vocab() < 2) {
            throw new ConfigException("data.vocab: expected at least 2, found " + spec.vocab());
        }
        return new ShardSource(spec).open(baseDir);
    }

    private TokenCorpus open(Path baseDir) {
        TokenBuffer train = open(spec.train(), baseDir, "data.train");
        if (spec.validation().isEmpty()) {
            long cut = Corpora.cut(train.length(), spec.validationFraction());
            return corpus(train.slice(0, cut), train.slice(cut, train.length()));
        }
        return corpus(train, open(spec.validation(), baseDir, "data.validation"));
    }

    private TokenCorpus corpus(TokenBuffer train, TokenBuffer validation) {
        return new StoredCorpus(
                spec.vocab(), train, validation, Double.NaN, Double.NaN, new Provenance("shards", items));
    }

    private TokenBuffer open(List<String> patterns, Path baseDir, String key) {
        List<TokenBuffer> buffers = new ArrayList<>();
        int width = 0;
        for (Path file : InputFiles.resolve(patterns, baseDir, key)) {
            ShardFile shard = ShardFile.open(file, spec.format(), key);
            if (width != 0 && shard.width() != width) {
                throw new ConfigException(key + ": " + file + " has ids of " + shard.width()
                        + " bytes, the files before it of " + width + "; name files of one kind");
            }
            width = shard.width();
            TokenBuffer tokens = TokenBuffer.of(width, shard.pieces());
            check(file, tokens, key);
            buffers.add(tokens);
        }
        return TokenBuffer.concat(width, buffers);
    }

    private void check(Path file, TokenBuffer tokens, String key) {
        try {
            long size = Files.size(file);
            long changed = Files.getLastModifiedTime(file).toMillis();
            String identity = file + "\n" + size + "\n" + changed + "\n" + spec.format();
            String noteKey = Hashes.of(identity.getBytes(StandardCharsets.UTF_8)).substring(0, 32);
            Optional<Scan> known =
                    size < REMEMBER_FROM ? Optional.empty() : TokenCache.note(noteKey).flatMap(Scan::parse);
            Scan scan = known.isPresent() ? known.get() : scan(file, tokens);
            if (scan.largest() >= spec.vocab()) {
                throw beyond(file, tokens, key, scan.largest());
            }
            if (known.isEmpty() && size >= REMEMBER_FROM) {
                TokenCache.putNote(noteKey, scan.largest() + " " + scan.sha256());
            }
            items.add(new Provenance.Item(file.toString(), size, scan.sha256()));
        } catch (IOException e) {
            throw new ConfigException(key + ": cannot read " + file + ": " + InputFiles.reason(e), e);
        }
    }

    private static Scan scan(Path file, TokenBuffer tokens) throws IOException {
        int[] chunk = new int[CHUNK];
        long largest = 0;
        for (long at = 0; at < tokens.length(); at += CHUNK) {
            int n = (int) Math.min(CHUNK, tokens.length() - at);
            tokens.read(at, n, chunk, 0);
            for (int i = 0; i < n; i++) {
                largest = Math.max(largest, Integer.toUnsignedLong(chunk[i]));
            }
        }
        return new Scan(largest, Hashes.of(file));
    }

    private ConfigException beyond(Path file, TokenBuffer tokens, String key, long largest) {
        int[] one = new int[1];
        long at = 0;
        for (tokens.read(at, 1, one, 0); Integer.toUnsignedLong(one[0]) < spec.vocab(); tokens.read(at, 1, one, 0)) {
            at++;
        }
        return new ConfigException(key + ": " + file + " holds token id " + Integer.toUnsignedLong(one[0])
                + " at token " + at + ", expected ids below data.vocab " + spec.vocab() + " (its largest id is "
                + largest
                + "); set data.vocab to more, or check that the file holds token ids of this format");
    }

    /** Largest id and hash of a file. */
    private record Scan(long largest, String sha256) {
        static Optional<Scan> parse(String line) {
            String[] words = line.split(" ");
            return words.length == 2 && words[0].matches("\\d{1,10}") && words[1].matches("[0-9a-f]{64}")
                    ? Optional.of(new Scan(Long.parseLong(words[0]), words[1]))
                    : Optional.empty();
        }
    }
}
