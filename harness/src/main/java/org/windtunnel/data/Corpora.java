package org.windtunnel.data;

import java.nio.file.Path;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.DataSpec;

/** Opens what a config's {@code data} section describes. */
public final class Corpora {
    private Corpora() {}

    /**
     * @param baseDir where relative paths of the config start; the command line passes the working directory
     * @throws ConfigException if the data are missing, unreadable, damaged or too few
     */
    public static TokenCorpus open(DataSpec spec, Path baseDir) {
        if (spec instanceof DataSpec.MavenSources maven) {
            return MavenSources.open(maven);
        }
        if (spec instanceof DataSpec.Text text) {
            return TextSource.open(text, baseDir);
        }
        if (spec instanceof DataSpec.Shards shards) {
            return ShardSource.open(shards, baseDir);
        }
        return MarkovCorpus.open((DataSpec.Markov) spec);
    }

    /** @throws ConfigException unless it lies in (0, 1) */
    static void requireFraction(double fraction) {
        if (!(fraction > 0 && fraction < 1)) {
            throw new ConfigException("data.validation_fraction: expected a number between 0 and 1, found " + fraction
                    + "; 0.1 holds out the last tenth");
        }
    }

    /** Where the held-out end of {@code length} units starts. @throws ConfigException if either part would be empty */
    static long cut(long length, double fraction) {
        requireFraction(fraction);
        long cut = (long) (length * (1 - fraction));
        if (cut == 0 || cut == length) {
            throw new ConfigException("data.validation_fraction: " + fraction + " of " + length
                    + " leaves nothing for training or for validation; bring more data or name validation files");
        }
        return cut;
    }
}
