package org.windtunnel.nn;

/** What a parameter is for; optimizers and parameterizations choose their rules by it. */
public enum Role {
    /** Token and position tables. */
    EMBEDDING,
    /** Matrices between two widths: attention and feed-forward projections, inner convolutions. */
    HIDDEN,
    /** The matrix that maps the final width to logits. */
    READOUT,
    NORM_GAIN,
    BIAS,
    /** The first convolution or matrix of an image model. */
    STEM
}
