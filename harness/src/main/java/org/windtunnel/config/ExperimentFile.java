package org.windtunnel.config;

/**
 * An experiment file, read and checked as far as it can be before a sweep's axes fill it in.
 *
 * @param text as given
 * @param experiment the tree without {@code sweep} and {@code analysis}, overrides applied
 * @param sweep how it becomes many runs, or null
 * @param analysis what is computed at the end, with its defaults
 */
public record ExperimentFile(String text, ConfigNode.Mapping experiment, SweepSpec sweep, AnalysisSpec analysis) {}
