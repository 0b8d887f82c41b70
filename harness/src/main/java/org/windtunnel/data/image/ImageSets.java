package org.windtunnel.data.image;

import java.nio.file.Path;
import org.windtunnel.config.ImageSpec;

/** Opens the sources of images. */
public final class ImageSets {
    private ImageSets() {}

    /**
     * @param baseDir where a relative directory starts
     * @throws org.windtunnel.config.ConfigException if files are missing, unreadable or damaged, or have too few images
     */
    public static ImageDataset open(ImageSpec spec, Path baseDir) {
        return new ImageDataset(source(spec, baseDir), spec);
    }

    private static ImageSource source(ImageSpec spec, Path baseDir) {
        if (spec instanceof ImageSpec.Cifar10 cifar) {
            return CifarFiles.open(cifar, baseDir);
        }
        if (spec instanceof ImageSpec.Cifar100 cifar) {
            return CifarFiles.open(cifar, baseDir);
        }
        if (spec instanceof ImageSpec.Idx idx) {
            return IdxFiles.open(idx, baseDir);
        }
        return new ShapeImages((ImageSpec.Shapes) spec);
    }
}
