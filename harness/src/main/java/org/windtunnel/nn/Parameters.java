package org.windtunnel.nn;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/**
 * A model's parameters and gradients, each one flat vector with a view per parameter in declaration order.
 *
 * <p>Neighbours in the declaration are neighbours in memory, so q, k and v (or gate and up) stay separate parameters
 * for the optimizer and are still one matrix for gemm: see {@link #matrix}.
 *
 * <p>Where operands of products have a type of their own, a model that multiplies its matrices may have them rounded
 * once for all products and micro-batches of a step: see {@link #withOperands}.
 */
public final class Parameters {
    private final List<ParamSpec> specs;
    private final Map<String, Integer> index = new LinkedHashMap<>();
    private final long[] offsets;
    private final Tensor weights;
    private final Tensor gradients;
    /** As long as the weights, which they are themselves where operands have no type of their own. */
    private final Tensor operands;
    private long firstOperand = Long.MAX_VALUE;
    private long operandsEnd;

    /**
     * A matrix that products take.
     *
     * @param weight [out, in], what is trained
     * @param operand the same as products take it
     * @param gradient of the weight
     */
    record Matrix(Tensor weight, Tensor operand, Tensor gradient) {}

    /** @throws IllegalArgumentException if two parameters share a name */
    public Parameters(List<ParamSpec> specs, Allocator allocator) {
        this(specs, allocator, false);
    }

    /**
     * Parameters whose matrices are kept as operands of products as well, where those are of a type of their own;
     * {@link #updateOperands} makes them.
     */
    static Parameters withOperands(List<ParamSpec> specs, Allocator allocator) {
        return new Parameters(specs, allocator, allocator.operandType() != allocator.floatType());
    }

    private Parameters(List<ParamSpec> specs, Allocator allocator, boolean rounded) {
        this.specs = List.copyOf(specs);
        this.offsets = new long[specs.size()];
        long at = 0;
        for (int i = 0; i < specs.size(); i++) {
            if (index.put(specs.get(i).name(), i) != null) {
                throw new IllegalArgumentException("parameter declared twice: " + specs.get(i).name());
            }
            offsets[i] = at;
            at += specs.get(i).size();
        }
        int total = Math.toIntExact(at);
        this.weights = allocator.take(total);
        this.gradients = allocator.take(total);
        this.operands = rounded ? allocator.take(allocator.operandType(), total) : weights;
    }

    public List<ParamSpec> specs() {
        return specs;
    }

    /** Position of a parameter in {@link #specs()}. @throws IllegalArgumentException if there is none of that name */
    public int indexOf(String name) {
        Integer i = index.get(name);
        if (i == null) {
            throw new IllegalArgumentException("no parameter named " + name + "; there are " + index.keySet());
        }
        return i;
    }

    /** First element of parameter {@code i} in the flat vectors. */
    public long offset(int i) {
        return offsets[i];
    }

    /** All weights, flat. */
    public Tensor weights() {
        return weights;
    }

    /** All gradients, flat. */
    public Tensor gradients() {
        return gradients;
    }

    public Tensor weight(String name) {
        return view(weights, indexOf(name));
    }

    public Tensor gradient(String name) {
        return view(gradients, indexOf(name));
    }

    /**
     * One matrix, or adjacent ones as one: {@code names} stacked along their first axis.
     *
     * @throws IllegalArgumentException if they are not neighbours in this order, or differ in the other axes
     */
    Matrix matrix(String... names) {
        Tensor operand = fused(operands, names);
        long at = offsets[indexOf(names[0])];
        firstOperand = Math.min(firstOperand, at);
        operandsEnd = Math.max(operandsEnd, at + operand.size());
        return new Matrix(fused(weights, names), operand, fused(gradients, names));
    }

    /**
     * Rounds the weights that products take. To be called at the start of every pass but those that add to the
     * gradients of the pass before, and so have its weights: whoever changes weights in between need not know.
     */
    void updateOperands(Backend backend) {
        if (operands != weights && operandsEnd > firstOperand) {
            int count = Math.toIntExact(operandsEnd - firstOperand);
            backend.copy(weights.slice(firstOperand, count), operands.slice(firstOperand, count));
        }
    }

    private Tensor fused(Tensor flat, String... names) {
        int first = indexOf(names[0]);
        int[] shape = specs.get(first).shape().clone();
        List<String> found = new ArrayList<>();
        for (int i = 0; i < names.length; i++) {
            ParamSpec spec = specs.get(first + i);
            found.add(spec.name());
            boolean sameTail = spec.shape().length == shape.length
                    && java.util.Arrays.equals(spec.shape(), 1, shape.length, shape, 1, shape.length);
            if (!spec.name().equals(names[i]) || !sameTail) {
                throw new IllegalArgumentException(
                        "cannot fuse " + List.of(names) + ": declared in a row are " + found);
            }
            if (i > 0) {
                shape[0] += spec.shape()[0];
            }
        }
        return flat.slice(offsets[first], shape);
    }

    private Tensor view(Tensor flat, int i) {
        return flat.slice(offsets[i], specs.get(i).shape());
    }
}
