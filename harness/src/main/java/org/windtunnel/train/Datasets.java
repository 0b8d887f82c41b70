package org.windtunnel.train;

import java.nio.file.Path;
import org.windtunnel.config.DataSpec;
import org.windtunnel.data.Corpora;
import org.windtunnel.data.Dataset;
import org.windtunnel.interop.dl4j.IteratorDataset;

/** The data that a config's {@code data} section describes. */
public final class Datasets {
    private Datasets() {}

    /**
     * @param baseDir where relative paths of the config start; the command line passes the working directory
     * @throws org.windtunnel.config.ConfigException if the data are missing, unreadable, damaged or too few
     */
    public static Dataset open(DataSpec spec, Path baseDir) {
        if (spec instanceof DataSpec.Dl4j sets) {
            return IteratorDataset.open(sets, baseDir);
        }
        return Corpora.open(spec, baseDir);
    }
}
