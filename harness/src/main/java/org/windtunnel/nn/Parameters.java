package org.windtunnel.nn;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/**
 * A model's parameters and gradients, each one flat vector with a view per parameter in declaration order.
 *
 * <p>Neighbours in the declaration are neighbours in memory, so q, k and v (or gate and up) stay separate parameters
 * for the optimizer and are still one matrix for gemm: see {@link #fused}.
 */
public final class Parameters {
    private final List<ParamSpec> specs;
    private final Map<String, Integer> index = new LinkedHashMap<>();
    private final long[] offsets;
    private final Tensor weights;
    private final Tensor gradients;

    /** @throws IllegalArgumentException if two parameters share a name */
    public Parameters(List<ParamSpec> specs, Allocator allocator) {
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
     * Adjacent parameters as one: the weight of {@code names} stacked along their first axis.
     *
     * @throws IllegalArgumentException if they are not neighbours in this order, or differ in the other axes
     */
    public Tensor fusedWeight(String... names) {
        return fused(weights, names);
    }

    /** The gradient that belongs to {@link #fusedWeight}. */
    public Tensor fusedGradient(String... names) {
        return fused(gradients, names);
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
