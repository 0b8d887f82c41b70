package org.windtunnel.nn;

import java.util.Arrays;
import org.windtunnel.tensor.Tensor;

/**
 * One declared parameter.
 *
 * @param name unique within the model, in the style of the family's PyTorch reference (nanoGPT, LLaMA)
 * @param role what it is for
 * @param shape in PyTorch's layout: a linear weight is [out, in]
 * @param fanIn inputs that feed one output; for biases and gains the fan-in of the layer they belong to
 * @param fanOut outputs
 * @param layer index of the block it belongs to, or -1 outside the blocks
 * @param residual true for the matrices (and their biases) that write into the residual stream
 */
public record ParamSpec(String name, Role role, int[] shape, int fanIn, int fanOut, int layer, boolean residual) {

    /** Number of elements. */
    public long size() {
        return Tensor.sizeOf(shape);
    }

    @Override
    public String toString() {
        return name + Arrays.toString(shape);
    }
}
