package org.windtunnel.backend;

import org.windtunnel.tensor.Tensor;

/**
 * Targets that are no single class: smoothed labels (arXiv 1512.00567) and labels of mixed images (arXiv 1710.09412).
 *
 * <p>t = (1 − s) ((1 − m) e_first + m e_second) + s / K for each row of K logits. Cross entropy and half the squared error
 * differ from those of the first label e by terms that are linear in e − t: cross entropy by (e − t)·z, half the squared
 * error by (e − t)·(z − e) + ½ ‖e − t‖², the gradient of either by e − t.
 *
 * @param smoothing s, the share of the target that is spread evenly over the classes
 * @param seconds INT32 [N], second labels; null for none
 * @param shares [N], their shares m; null where there are none
 */
public record SoftTargets(double smoothing, Tensor seconds, Tensor shares) {}
