package org.windtunnel.coord;

import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.nn.Probe;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.Tensor;

/**
 * Measures every module of one model in consecutive forward passes on the same batch, against what it was in the first.
 */
final class CoordRecorder implements Probe {
    private final Backend backend;
    private final Arena memory;
    private final int steps;
    private final Map<String, Module> modules = new LinkedHashMap<>();
    private int step;

    /** One module: its first output, and its measures by step. */
    static final class Module {
        final Tensor first;
        final Tensor difference;
        final int columns;
        final double[] l1;
        final double[] delta;
        Product product;

        private Module(Tensor output, int steps, Arena memory) {
            this.first = memory.take(output.shape());
            this.difference = memory.take(output.shape());
            this.columns = output.dim(output.rank() - 1);
            this.l1 = new double[steps];
            this.delta = new double[steps];
        }
    }

    /** What a matrix product needs beside its output for the split of its change. */
    static final class Product {
        final Tensor firstInput;
        final Tensor inputChange;
        final Tensor firstWeight;
        final Tensor propagated;
        final double[] effectiveL1;
        final double[] propagatedL1;

        private Product(Tensor input, Tensor weight, int steps, Arena memory) {
            int rows = input.dim(0);
            this.firstInput = memory.take(input.shape());
            this.inputChange = memory.take(input.shape());
            this.firstWeight = memory.take(weight.shape());
            this.propagated = memory.take(rows, weight.dim(0));
            this.effectiveL1 = new double[steps];
            this.propagatedL1 = new double[steps];
        }
    }

    private final Map<String, Product> products = new LinkedHashMap<>();

    CoordRecorder(Backend backend, Arena memory, int steps) {
        this.backend = backend;
        this.memory = memory;
        this.steps = steps;
    }

    /** Starts the next pass; the first needs no call. */
    void nextStep() {
        step++;
    }

    /** By name, in the order of the forward pass. */
    Map<String, Module> modules() {
        return modules;
    }

    @Override
    public void product(String module, Tensor input, Tensor weight, double scale) {
        Product p = products.computeIfAbsent(module, name -> new Product(input, weight, steps, memory));
        if (step == 0) {
            backend.copy(input, p.firstInput);
            backend.copy(weight, p.firstWeight);
            return;
        }
        backend.copy(input, p.inputChange);
        backend.axpy(-1, p.firstInput, p.inputChange);
        int rows = input.dim(0);
        int in = weight.dim(1);
        int out = weight.dim(0);
        backend.gemm(false, true, rows, out, in, scale, p.inputChange, in, p.firstWeight, in, 0, p.propagated, out);
    }

    @Override
    public void observe(String module, Tensor output) {
        Module m = modules.computeIfAbsent(module, name -> new Module(output, steps, memory));
        m.l1[step] = meanAbs(output);
        m.product = products.get(module);
        if (step == 0) {
            backend.copy(output, m.first);
            return;
        }
        backend.copy(output, m.difference);
        backend.axpy(-1, m.first, m.difference);
        m.delta[step] = meanAbs(m.difference);
        if (m.product != null) {
            m.product.propagatedL1[step] = meanAbs(m.product.propagated);
            backend.axpy(-1, m.product.propagated, m.difference);
            m.product.effectiveL1[step] = meanAbs(m.difference);
        }
    }

    private static double meanAbs(Tensor x) {
        double sum = 0;
        float[] values = x.toFloats();
        for (float v : values) {
            sum += Math.abs(v);
        }
        return sum / values.length;
    }
}
