package org.windtunnel.analysis.study;

/**
 * The fitted irreducible loss against the known entropy of a synthetic source.
 *
 * @param entropy of the source, nats per token
 * @param fitted E
 * @param lo lower end of its interval
 * @param hi upper end
 * @param inside whether the interval holds the entropy
 * @param sentence the outcome in words
 */
public record EntropyCheck(double entropy, double fitted, double lo, double hi, boolean inside, String sentence) {}
