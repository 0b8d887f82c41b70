package org.windtunnel.backend;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Storage;
import org.windtunnel.tensor.StoragePolicy;
import org.windtunnel.tensor.Tensor;

/**
 * Memory and kernels. Every kernel has a forward and an explicit backward; none allocates after its first call with a
 * given shape.
 *
 * <p>Conventions. Matrices are row-major; {@code ld} is the distance between rows in elements. N = B·T is the number
 * of token rows, D the width, V the vocabulary. A backward kernel with {@code accumulate} adds into its parameter
 * gradients, otherwise it overwrites them; gradients with respect to activations say which they do. Shapes are
 * checked where a call is made once a step, not once a row. Methods throw {@link IllegalArgumentException} on
 * inconsistent shapes. A backend instance is used by one thread at a time.
 */
public interface Backend extends LinearAlgebra, LayerKernels, AttentionKernels, AutoCloseable {

    /** Short name as in the config: {@code cpu}, {@code cuda}, {@code nd4j}. */
    String name();

    /** The floating-point type of parameters and activations, FLOAT32 unless the backend was opened otherwise. */
    DType floatType();

    /**
     * How this backend keeps what a model takes. Where it rounds the operands of matrix products, it takes tensors that
     * only products read rounded, so that whatever writes them moves less and nothing has to round them again: kernels
     * that say so write {@link StoragePolicy#operandType}, and {@link #copy} converts.
     */
    default StoragePolicy storagePolicy() {
        return StoragePolicy.of(floatType());
    }

    /** Elements that {@link #attentionForward} must be given to save for the backward pass. */
    default long attentionSavedSize(AttentionShape s) {
        return Tensor.sizeOf(s.saved(storagePolicy()));
    }

    /** What is in use, one fact per entry, in display order (BLAS, core type, threads, vector width ...). */
    Map<String, String> describe();

    /**
     * Zero-filled memory.
     *
     * @throws org.windtunnel.backend.OutOfMemory if the block cannot be had
     */
    Storage allocate(DType dtype, long length);

    /** Free memory of the device that {@link #allocate} takes from; empty where that is the host's. */
    default OptionalLong freeDeviceBytes() {
        return OptionalLong.empty();
    }

    /**
     * FLOP/s that matrix products in the precision in use can reach at most, by the vendor's word; empty where that is
     * not known, and then there is no model FLOPs utilization (MFU).
     */
    default OptionalDouble peakFlops() {
        return OptionalDouble.empty();
    }

    /** Whether the memory that a run takes is this backend's already, as a rehearsal of the run has shown how much. */
    default boolean holdsARun() {
        return false;
    }

    /**
     * Announces what a run will allocate, so that a device can take it in one piece.
     *
     * @throws org.windtunnel.backend.OutOfMemory if the piece cannot be had
     */
    default void reserve(long bytes) {}

    /** x = value. */
    void fill(Tensor x, double value);

    /** to = from, rounded or widened where their floating-point types differ; same size. */
    void copy(Tensor from, Tensor to);

    /**
     * Whether the two kernels below take one pass over the stream, so that a branch's last product is better written by
     * itself than added to a copy of the stream.
     */
    default boolean fusesBranchSums() {
        return false;
    }

    /** The sum's stream, and {@link #layerNormForward} of it. */
    default void addLayerNormForward(
            BranchSum sum, Tensor gain, Tensor bias, double eps, Tensor y, Tensor stats) {
        add(sum);
        layerNormForward(sum.stream(), gain, bias, eps, y, stats);
    }

    /** The sum's stream, and {@link #rmsNormForward} of its rows. */
    default void addRmsNormForward(BranchSum sum, Tensor gain, double eps, Tensor y, Tensor rstd) {
        add(sum);
        int width = gain.intSize();
        int rows = Math.toIntExact(sum.stream().size() / width);
        rmsNormForward(rows, 1, width, sum.stream(), width, gain, eps, y, width, rstd);
    }

    private void add(BranchSum sum) {
        combine(1, sum.before(), 1, sum.branch(), sum.stream());
        if (sum.bias() != null) {
            addBias(sum.stream(), sum.bias());
        }
    }

    /** {@link #layerNormBackward} to the stream's gradient, rounded as well where that is wanted. */
    default void layerNormBackward(
            Tensor x, Tensor gain, Tensor stats, Tensor dy, StreamGradient dx, boolean addToDx, Tensor dGain,
            Tensor dBias, boolean accumulate) {
        layerNormBackward(x, gain, stats, dy, dx.exact(), addToDx, dGain, dBias, accumulate);
        round(dx);
    }

    /** {@link #rmsNormBackward} of rows of {@code gain}'s width, otherwise the same; rstd is [N]. */
    default void rmsNormBackward(
            Tensor x, Tensor gain, Tensor rstd, Tensor dy, StreamGradient dx, boolean addToDx, Tensor dGain,
            boolean accumulate) {
        int width = gain.intSize();
        rmsNormBackward(
                rstd.intSize(), 1, width, x, width, gain, rstd, dy, width, dx.exact(), addToDx, dGain, accumulate);
        round(dx);
    }

    private void round(StreamGradient d) {
        if (d.rounded() != null) {
            copy(d.exact(), d.rounded());
        }
    }

    /**
     * The kernels of convolutional networks.
     *
     * @throws UnsupportedOperationException if this backend has none
     */
    default ImageKernels images() {
        throw new UnsupportedOperationException(
                "backend " + name() + " has no convolutions; train this model with backend cpu or nd4j");
    }

    /** The kernels of optimizers. */
    OptimizerKernels optimizerKernels();

    /**
     * Prepares work that will be run many times.
     *
     * @param what it is, for messages
     * @param work makes the same calls of this backend with the same arguments each time, and reads nothing back from
     *     it
     */
    default RepeatedWork repeated(String what, Runnable work) {
        return work::run;
    }

    /** How the figures of a step can be had late; null where calls are done when they return. */
    default LateFigures lateFigures() {
        return null;
    }

    /** Times of this backend's work; empty where a profiler of the host tells as much. */
    default Optional<WorkTimes> workTimes() {
        return Optional.empty();
    }

    /** Blocks until all queued work is done; a no-op on synchronous backends. */
    default void synchronize() {}

    @Override
    void close();
}
