package org.windtunnel.peer;

/**
 * What goes into a step.
 *
 * @param tokens ids of a language model, or null
 * @param images of an image model, [B, C, H, W], or null
 * @param targets one per row of the logits
 */
record Batch(int[] tokens, float[] images, int[] targets) {}
