package org.windtunnel.data.image;

import org.windtunnel.data.DataShape;
import org.windtunnel.data.Provenance;
import org.windtunnel.data.Split;

/** Images from files, in memory. */
final class StoredImages implements ImageSource {
    private final DataShape.Images shape;
    private final Part train;
    private final Part test;
    private final Provenance provenance;

    /**
     * Images of one split.
     *
     * @param pixels [n, channels, height, width], unsigned
     * @param labels [n], unsigned, below the number of classes
     */
    record Part(byte[] pixels, byte[] labels) {}

    StoredImages(DataShape.Images shape, Part train, Part test, Provenance provenance) {
        this.shape = shape;
        this.train = train;
        this.test = test;
        this.provenance = provenance;
    }

    @Override
    public DataShape.Images shape() {
        return shape;
    }

    @Override
    public long count(Split split) {
        return of(split).labels.length;
    }

    @Override
    public int label(Split split, long index) {
        return of(split).labels[Math.toIntExact(index)] & 0xFF;
    }

    @Override
    public void read(Split split, long index, byte[] dst) {
        int size = shape.channels() * shape.height() * shape.width();
        System.arraycopy(of(split).pixels, Math.toIntExact(index * size), dst, 0, size);
    }

    @Override
    public Provenance provenance() {
        return provenance;
    }

    private Part of(Split split) {
        return split == Split.TRAIN ? train : test;
    }
}
