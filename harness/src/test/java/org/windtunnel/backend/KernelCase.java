package org.windtunnel.backend;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * One kernel call (or a forward call and its backward) with fixed inputs, to be run on several backends.
 *
 * @param name the kernel with its shape and options
 * @param body runs the kernel and names every vector it wrote
 */
record KernelCase(String name, BiConsumer<TestTensors, Map<String, double[]>> body) {

    Map<String, double[]> run(Backend backend) {
        Map<String, double[]> outputs = new LinkedHashMap<>();
        try (TestTensors tensors = new TestTensors(backend)) {
            body.accept(tensors, outputs);
        }
        return outputs;
    }

    @Override
    public String toString() {
        return name;
    }
}
