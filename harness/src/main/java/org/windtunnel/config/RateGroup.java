package org.windtunnel.config;

/** Parameters that an auxiliary optimizer may update at a rate of their own. */
public enum RateGroup {
    /** Token and position tables. */
    EMBEDDING,
    /** The matrix that maps the final width to logits. */
    READOUT,
    /** Norm gains and biases; Keller Jordan's "scalars". */
    VECTOR,
    /** Matrices and filters inside the model; they have no rate of their own. */
    MATRIX
}
