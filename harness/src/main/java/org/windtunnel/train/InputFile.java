package org.windtunnel.train;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.windtunnel.checkpoint.Sha256;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.config.ModelSpec;

/**
 * A file that a run is made from, beside its data.
 *
 * @param key in the manifest
 * @param given as the config names it
 */
record InputFile(String key, String given, String sha256) {

    /**
     * The file of first weights and that of a network, where there are any.
     *
     * @throws ConfigException if one is missing
     */
    static List<InputFile> of(ExperimentSpec spec, Path baseDir) {
        List<InputFile> files = new ArrayList<>();
        if (spec.init() != null) {
            files.add(of("init", spec.init(), baseDir));
        }
        if (spec.model() instanceof ModelSpec.Dl4j graph) {
            files.add(of("model_file", graph.file(), baseDir));
        }
        return files;
    }

    private static InputFile of(String key, String given, Path baseDir) {
        Path path = baseDir.resolve(given);
        try {
            return new InputFile(key, given, Sha256.of(path));
        } catch (NoSuchFileException e) {
            throw new ConfigException(key.replace('_', '.') + ": " + path + ": no such file", e);
        } catch (IOException e) {
            throw new ConfigException(key.replace('_', '.') + ": " + path + ": cannot be read: " + e.getMessage(), e);
        }
    }
}
