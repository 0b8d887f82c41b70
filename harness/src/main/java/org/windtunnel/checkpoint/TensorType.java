package org.windtunnel.checkpoint;

import org.windtunnel.tensor.DType;

/** Element type and shape of a tensor in a file. */
public record TensorType(DType dtype, int[] shape) {}
