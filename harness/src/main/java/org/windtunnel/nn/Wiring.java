package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.nn.TransformerShape.Flavour;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/**
 * What the layers of one transformer are built from.
 *
 * @param backend runs the kernels; null when memory is only counted
 * @param batch sequences B of a micro-batch
 * @param memory gives the tensors that must survive from the forward to the backward pass
 * @param scratch tensors that no layer keeps
 */
record Wiring(
        Backend backend,
        TransformerShape shape,
        ForwardMultipliers multipliers,
        Parameters parameters,
        int batch,
        Allocator memory,
        Scratch scratch) {

    /**
     * Temporaries that all layers share: each is dead when the layer returns.
     *
     * @param branch [N, max(D, H · headDim)] gradient on its way through a branch
     * @param wide [N, max(F, qkv)] of the operands' type: gradient of a hidden layer or of the packed projections
     * @param turned [N, qkv] gradient of queries and keys after QK-norm and rotation: memory of its own where there is
     *     either, and operands are of a type of their own; else {@code wide}
     * @param bias [D] a bias times the residual multiplier, or its gradient
     */
    record Scratch(Tensor branch, Tensor wide, Tensor turned, Tensor bias) {
        static Scratch take(TransformerShape s, int rows, Allocator memory) {
            Tensor wide = memory.take(memory.operandType(), rows, Math.max(s.ffnWidth(), s.qkvWidth()));
            boolean turns = s.flavour() == Flavour.LLAMA || s.qkNorm();
            boolean rounds = memory.operandType() != memory.floatType();
            return new Scratch(
                    memory.take(rows, Math.max(s.width(), s.queryWidth())),
                    wide,
                    turns && rounds ? memory.take(rows, s.qkvWidth()) : wide,
                    memory.take(s.width()));
        }
    }

    /** Token rows N = B·T. */
    int rows() {
        return Math.multiplyExact(batch, shape.context());
    }

    /** A tensor of one row per token that survives until the backward pass. */
    Tensor keep(int columns) {
        return memory.take(rows(), columns);
    }

    /** The same for what matrix products read or put out beside activations. */
    Tensor keepOperand(int columns) {
        return memory.take(memory.operandType(), rows(), columns);
    }

    /** Whether operands of matrix products are of a type of their own. */
    boolean roundsOperands() {
        return memory.operandType() != memory.floatType();
    }

    Tensor branch(int columns) {
        return scratch.branch().slice(0, rows(), columns);
    }

    Tensor wide(int columns) {
        return scratch.wide().slice(0, rows(), columns);
    }

    Tensor turned(int columns) {
        return scratch.turned().slice(0, rows(), columns);
    }

    TransformerNames names() {
        return new TransformerNames(shape);
    }

    /** The bias of a layer or norm, or null in models without biases. */
    Tensor bias(String module) {
        return shape.bias() ? parameters.weight(TransformerNames.bias(module)) : null;
    }

    /** The gradient that belongs to {@link #bias}. */
    Tensor biasGradient(String module) {
        return shape.bias() ? parameters.gradient(TransformerNames.bias(module)) : null;
    }

    Norm norm(String module) {
        return new Norm(this, module);
    }

    /** A linear layer whose output is multiplied by {@code scale}, bias included. */
    Linear linear(String module, double scale) {
        String weight = TransformerNames.weight(module);
        return new Linear(backend, rows(), parameters.matrix(weight), bias(module), biasGradient(module), scale,
                scratch.bias());
    }

    /** Neighbouring modules as one linear layer; only a single one may have a bias. */
    Linear fused(String... modules) {
        if (modules.length == 1) {
            return linear(modules[0], 1);
        }
        if (shape.bias()) {
            throw new IllegalArgumentException("fused projections with biases are not laid out: " + modules[0]);
        }
        String[] weights = TransformerNames.weights(modules);
        return new Linear(backend, rows(), parameters.matrix(weights), null, null, 1, null);
    }
}
