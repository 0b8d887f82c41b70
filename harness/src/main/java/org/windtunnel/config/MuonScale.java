package org.windtunnel.config;

/** Factor on an orthogonalised matrix. */
public enum MuonScale {
    CLIP_NORM,
    RMS_NORM,
    SPECTRAL_NORM,
    NONE;

    /** The factor for a matrix of this shape. */
    public double of(int rows, int columns) {
        return switch (this) {
            case CLIP_NORM -> Math.sqrt(Math.max(1, (double) rows / columns));
            case RMS_NORM -> 0.2 * Math.sqrt(Math.max(rows, columns));
            case SPECTRAL_NORM -> Math.sqrt((double) rows / columns);
            case NONE -> 1;
        };
    }
}
