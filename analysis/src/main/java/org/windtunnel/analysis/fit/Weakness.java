package org.windtunnel.analysis.fit;

/**
 * A parameter that the data do not pin down.
 *
 * @param parameter its name; null when the whole fit is meant
 * @param message what is wrong, one sentence
 * @param remedy which runs would help, one sentence
 */
public record Weakness(String parameter, String message, String remedy) {}
