package org.windtunnel.config;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Experiment files of the loader's tests. */
final class Experiments {
    /** Complete and valid; its lines are what the tests' positions count. */
    static final String VALID =
            """
            name: tiny
            model:
              family: gpt
              width: 32
              depth: 1
              head_dim: 16
              context: 16
            data:
              type: markov
            optimizer:
              type: adamw
              lr: 0.01
            train:
              steps: 10
              batch: 4
            """;

    private Experiments() {}

    static ExperimentFile load(Path directory, String text, String... overrides) {
        return load(directory, text.getBytes(StandardCharsets.UTF_8), overrides);
    }

    static ExperimentFile load(Path directory, byte[] content, String... overrides) {
        try {
            return ConfigLoader.load(Files.write(directory.resolve("x.yaml"), content), List.of(overrides));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the loader says, the directory cut off. */
    static String message(Path directory, byte[] content, String... overrides) {
        try {
            load(directory, content, overrides);
            return "no error";
        } catch (ConfigException e) {
            return e.getMessage().replace(directory + "/", "");
        }
    }

    static String message(Path directory, String text, String... overrides) {
        return message(directory, text.getBytes(StandardCharsets.UTF_8), overrides);
    }
}
