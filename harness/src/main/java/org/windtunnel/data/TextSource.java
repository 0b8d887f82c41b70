package org.windtunnel.data;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.windtunnel.config.DataSpec;
import org.windtunnel.config.DataSpec.Tokenizer;

/** Text files as a corpus: the source {@code text}. */
final class TextSource {
    private TextSource() {}

    static TokenCorpus open(DataSpec.Text spec, Path baseDir) {
        List<Path> train = InputFiles.resolve(spec.train(), baseDir, "data.train");
        List<Path> validation = spec.validation().isEmpty()
                ? List.of()
                : InputFiles.resolve(spec.validation(), baseDir, "data.validation");
        List<Provenance.Item> items = new ArrayList<>();
        train.forEach(file -> items.add(InputFiles.describe(file, "data.train")));
        validation.forEach(file -> items.add(InputFiles.describe(file, "data.validation")));
        Provenance provenance = new Provenance("text", items);
        if (spec.tokenizer() == Tokenizer.GPT2) {
            return new BpeText(provenance).open(train, validation, spec.validationFraction());
        }
        TokenBuffer all = bytes(train, "data.train");
        if (validation.isEmpty()) {
            return split(all, spec.validationFraction(), provenance);
        }
        return new StoredCorpus(256, all, bytes(validation, "data.validation"), 1, 1, provenance);
    }

    /** Bytes as tokens, the end held out. */
    static TokenCorpus split(TokenBuffer bytes, double fraction, Provenance provenance) {
        long cut = Corpora.cut(bytes.length(), fraction);
        return new StoredCorpus(
                256, bytes.slice(0, cut), bytes.slice(cut, bytes.length()), 1, 1, provenance);
    }

    private static TokenBuffer bytes(List<Path> files, String key) {
        List<ByteBuffer> contents = new ArrayList<>();
        for (Path file : files) {
            contents.add(ByteBuffer.wrap(InputFiles.read(file, key)));
        }
        return TokenBuffer.of(1, contents);
    }
}
