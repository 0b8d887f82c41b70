package org.windtunnel.data;

/** The two disjoint parts of a corpus. */
public enum Split {
    TRAIN,
    VALIDATION
}
