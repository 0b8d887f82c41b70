package org.windtunnel.analysis.curve;

/** Which parameter count stands for N. */
public enum SizeMeasure {
    /** Everything but the token and position tables (an untied readout counts). */
    NON_EMBEDDING,
    /** Every parameter. */
    TOTAL
}
