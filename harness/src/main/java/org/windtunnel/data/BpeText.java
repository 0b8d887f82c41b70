package org.windtunnel.data;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.windtunnel.data.TokenCache.Encoded;

/**
 * Text as GPT-2 tokens, encoded once and then read from the {@link TokenCache}.
 *
 * <p>Files are encoded each on its own. The held-out end is cut from the bytes, moved back to the start of a
 * character, and then both parts are encoded, as nanoGPT prepares its data sets.
 */
final class BpeText {
    /** Part of the cache key; changes whenever the same inputs would give other ids. */
    private static final String ENCODER = "gpt2/1";

    private final Provenance provenance;

    /** @param provenance whose hashes identify the text */
    BpeText(Provenance provenance) {
        this.provenance = provenance;
    }

    /** @param validation if empty, the end of the training text is held out */
    TokenCorpus open(List<Path> train, List<Path> validation, double fraction) {
        boolean holdOut = validation.isEmpty();
        if (holdOut) {
            Corpora.requireFraction(fraction);
        }
        String how = train.size() + " " + (holdOut ? "hold out " + fraction : "all");
        return cached(how, () -> {
            List<Part> trainParts = parts(train, "data.train");
            return holdOut
                    ? cut(trainParts, fraction)
                    : List.of(trainParts, parts(validation, "data.validation"));
        });
    }

    /** The first {@code length} bytes of a text, the end held out. */
    TokenCorpus open(byte[] text, int length, double fraction) {
        int end = characterStart(text, length);
        return cached("first " + length + " hold out " + fraction,
                () -> cut(List.of(new Part("the text", text, 0, end)), fraction));
    }

    private TokenCorpus cached(String how, Supplier<List<List<Part>>> splits) {
        String trainKey = key(how, Split.TRAIN);
        String validationKey = key(how, Split.VALIDATION);
        Optional<Encoded> train = TokenCache.tokens(trainKey);
        Optional<Encoded> validation = TokenCache.tokens(validationKey);
        if (train.isEmpty() || validation.isEmpty()) {
            Gpt2Tokenizer tokenizer = new Gpt2Tokenizer();
            List<List<Part>> parts = splits.get();
            train = Optional.of(encode(tokenizer, parts.get(0), trainKey));
            validation = Optional.of(encode(tokenizer, parts.get(1), validationKey));
        }
        return corpus(train.get(), validation.get());
    }

    private TokenCorpus corpus(Encoded train, Encoded validation) {
        return new StoredCorpus(
                Gpt2Tokenizer.VOCAB,
                train.tokens(),
                validation.tokens(),
                train.textBytes() / (double) train.tokens().length(),
                validation.textBytes() / (double) validation.tokens().length(),
                provenance);
    }

    private String key(String how, Split split) {
        StringBuilder identity = new StringBuilder(ENCODER + "\n" + how + "\n" + split + "\n");
        provenance.items().forEach(item -> identity.append(item.sha256()).append('\n'));
        return Hashes.of(identity.toString().getBytes(StandardCharsets.UTF_8)).substring(0, 32);
    }

    private static Encoded encode(Gpt2Tokenizer tokenizer, List<Part> parts, String key) {
        List<byte[]> encoded = parts.stream()
                .map(part -> tokenizer.encode(part.text, part.from, part.to, part.name))
                .toList();
        long textBytes = parts.stream().mapToLong(part -> part.to - part.from).sum();
        TokenCache.putTokens(key, encoded, textBytes);
        return new Encoded(
                TokenBuffer.of(2, encoded.stream().map(ByteBuffer::wrap).toList()), textBytes);
    }

    private static List<Part> parts(List<Path> files, String key) {
        List<Part> parts = new ArrayList<>();
        for (Path file : files) {
            byte[] text = InputFiles.read(file, key);
            parts.add(new Part(file.toString(), text, 0, text.length));
        }
        return parts;
    }

    private static List<List<Part>> cut(List<Part> all, double fraction) {
        long cut = Corpora.cut(all.stream().mapToLong(part -> part.to - part.from).sum(), fraction);
        List<Part> before = new ArrayList<>();
        List<Part> after = new ArrayList<>();
        long start = 0;
        for (Part part : all) {
            int size = part.to - part.from;
            int at = characterStart(part.text, (int) Math.max(part.from, Math.min(part.to, part.from + cut - start)));
            if (at > part.from) {
                before.add(new Part(part.name, part.text, part.from, at));
            }
            if (at < part.to) {
                after.add(new Part(part.name, part.text, at, part.to));
            }
            start += size;
        }
        return Arrays.asList(before, after);
    }

    /** The last start of a UTF-8 character at or before {@code at}. */
    private static int characterStart(byte[] text, int at) {
        int start = at;
        while (start > 0 && start < text.length && (text[start] & 0xC0) == 0x80) {
            start--;
        }
        return start;
    }

    /** Bytes [from, to) of a text. */
    private record Part(String name, byte[] text, int from, int to) {}
}
