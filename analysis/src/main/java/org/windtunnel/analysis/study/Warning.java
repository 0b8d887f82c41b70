package org.windtunnel.analysis.study;

/**
 * Something the reader must know before trusting a number.
 *
 * @param topic {@code runs}, {@code learning rate} or {@code law}
 * @param subject what it is about, such as a parameter's name or a width; may be null
 * @param message what is wrong, one sentence
 * @param remedy what would help, one sentence; may be null
 */
public record Warning(String topic, String subject, String message, String remedy) {}
