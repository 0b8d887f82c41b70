package org.windtunnel.backend;

import org.windtunnel.tensor.Tensor;

/**
 * Where a branch joins the residual stream: stream = before + branch + bias by row.
 *
 * @param before [N, D]
 * @param branch [N, D]
 * @param bias [D] or null
 * @param stream [N, D], memory of its own
 */
public record BranchSum(Tensor before, Tensor branch, Tensor bias, Tensor stream) {}
