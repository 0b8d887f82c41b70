package org.windtunnel.verify;

/**
 * One compared quantity of a golden file.
 *
 * @param caseName file and case, as printed
 * @param quantity what was compared (loss, logits, grad wte.weight, after step 5 ...)
 * @param maxAbs largest absolute deviation
 * @param maxRel largest deviation relative to the largest expected magnitude of the quantity
 * @param tolerance the limit that applied, as printed
 * @param passed whether every element was within it
 */
public record Check(
        String caseName, String quantity, double maxAbs, double maxRel, String tolerance, boolean passed) {}
