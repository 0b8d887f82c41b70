package org.windtunnel.train;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.windtunnel.checkpoint.Sha256;
import org.windtunnel.config.ConfigException;

/** The file that a run's first weights come from. */
record InitFile(Path path, String sha256) {

    /** @param given the config key, null without one @throws ConfigException if the file cannot be read */
    static InitFile of(String given, Path baseDir) {
        if (given == null) {
            return null;
        }
        Path path = baseDir.resolve(given);
        try {
            return new InitFile(path, Sha256.of(path));
        } catch (NoSuchFileException e) {
            throw new ConfigException("init: " + path + ": no such file", e);
        } catch (IOException e) {
            throw new ConfigException("init: " + path + ": cannot be read: " + e.getMessage(), e);
        }
    }
}
