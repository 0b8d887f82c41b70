package org.windtunnel.train;

import java.nio.file.Path;
import org.windtunnel.config.DataSpec;
import org.windtunnel.config.ImageSpec;
import org.windtunnel.data.Corpora;
import org.windtunnel.data.Dataset;
import org.windtunnel.data.image.ImageDataset;
import org.windtunnel.data.image.ImageSets;
import org.windtunnel.interop.dl4j.IteratorDataset;

/**
 * Opens what a config's {@code data} section describes, and keeps the last for whoever asks for the same. Thread-safe,
 * as data sets are.
 */
public final class Datasets {
    private final Path baseDir;
    private DataSpec openedSpec;
    private Dataset opened;

    /** @param baseDir where relative paths of the config start; the command line passes the working directory */
    public Datasets(Path baseDir) {
        this.baseDir = baseDir;
    }

    /** @throws org.windtunnel.config.ConfigException if the data are missing, unreadable, damaged or too few */
    public synchronized Dataset open(DataSpec spec) {
        if (!spec.equals(openedSpec)) {
            opened = read(spec);
            openedSpec = spec;
        }
        return opened;
    }

    private Dataset read(DataSpec spec) {
        if (spec instanceof DataSpec.Dl4j sets) {
            return IteratorDataset.open(sets, baseDir);
        }
        if (!(spec instanceof ImageSpec images)) {
            return Corpora.open(spec, baseDir);
        }
        return opened instanceof ImageDataset last && last.hasSourceOf(images)
                ? last.with(images)
                : ImageSets.open(images, baseDir);
    }
}
