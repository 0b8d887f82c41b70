package org.windtunnel.backend;

/**
 * One forward/backward pair as a function of several vectors, for {@link FiniteDifferences}.
 *
 * <p>Implementations allocate from the backend they are given through a {@link TestTensors}, which also pads strided
 * operands, so that a kernel that ignores a row distance fails.
 */
interface GradientCase {

    String name();

    /** Names of the inputs, in the order of {@link #inputs}. */
    String[] inputNames();

    double[][] inputs();

    /** Outputs of the forward kernel. */
    double[] forward(TestTensors tensors, double[][] inputs);

    /** Gradients of Σ dOut · outputs with respect to each input. */
    double[][] backward(TestTensors tensors, double[][] inputs, double[] dOut);
}
