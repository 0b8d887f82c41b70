package org.windtunnel.backend.nd4j;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import org.nd4j.linalg.factory.Nd4j;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.ImageKernels;
import org.windtunnel.backend.Natives;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.backend.Shapes;
import org.windtunnel.backend.SoftLosses;
import org.windtunnel.backend.SoftTargets;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Storage;
import org.windtunnel.tensor.Tensor;

/**
 * Every kernel on ND4J array operations, in single or double precision.
 *
 * <p>Meant to be read and believed rather than to be fast: in FLOAT64 it is the oracle of the other backends. Results
 * are the same bits on every run with the same BLAS.
 */
public final class Nd4jBackend implements Backend {
    static {
        Natives.prepare();
    }

    private final DType floatType;
    private final Scratch scratch = new Scratch();
    private final Nd4jLinearAlgebra algebra = new Nd4jLinearAlgebra();
    private final Nd4jOptimizers optimizers = new Nd4jOptimizers(this, scratch);
    private final Nd4jAttention attention;
    private final Nd4jImages images = new Nd4jImages(scratch);
    private final SoftLosses softLosses = new SoftLosses(this);

    /** @param floatType FLOAT32 or FLOAT64 */
    public Nd4jBackend(DType floatType) {
        if (floatType == DType.INT32) {
            throw new IllegalArgumentException("expected a floating-point type, found " + floatType);
        }
        requireUsable();
        Natives.prepare();
        runInOneThread();
        this.floatType = floatType;
        this.attention = new Nd4jAttention(floatType, scratch);
    }

    /**
     * Checks what ND4J's build needs of this machine, without loading it.
     *
     * @throws org.windtunnel.config.ConfigException if that is a GPU which is not there, or one that the build has no
     *     code for
     */
    public static void requireUsable() {
        Nd4jCards.requireCode();
    }

    /**
     * Checks that ND4J's build is the one for processors, which the cpu backend has its BLAS from.
     *
     * @throws org.windtunnel.config.ConfigException if it is one for GPUs
     */
    public static void requireProcessorBuild() {
        Nd4jCards.requireProcessorBuild();
    }

    /**
     * The arrays of small models do not gain from ND4J's threads, which spin at barriers and stall each other on a
     * shared machine; and one thread fixes the order of every sum.
     */
    private static void runInOneThread() {
        Nd4j.getEnvironment().setMaxThreads(1);
        Nd4j.getEnvironment().setMaxMasterThreads(1);
        Nd4j.factory().blas().setMaxThreads(1);
    }

    @Override
    public String name() {
        return "nd4j";
    }

    @Override
    public DType floatType() {
        return floatType;
    }

    @Override
    public Map<String, String> describe() {
        Properties environment = Nd4j.getExecutioner().getEnvironmentInformation();
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("nd4j", Nd4j.getBackend().getClass().getSimpleName());
        facts.put("blas", String.valueOf(environment.get("blas.vendor")));
        facts.put("precision", floatType.toString());
        facts.put("threads", String.valueOf(Nd4j.getEnvironment().maxThreads()));
        return facts;
    }

    @Override
    public Storage allocate(DType dtype, long length) {
        return new Nd4jStorage(dtype, length, scratch);
    }

    @Override
    public void fill(Tensor x, double value) {
        scratch.run(() -> Ops.flat(x).assign(value));
    }

    @Override
    public void copy(Tensor from, Tensor to) {
        scratch.run(() -> Ops.view(to, from.size()).assign(Ops.flat(from)));
    }

    @Override
    public void gemm(
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            double alpha,
            Tensor a,
            int lda,
            Tensor b,
            int ldb,
            double beta,
            Tensor c,
            int ldc) {
        scratch.run(() -> algebra.gemm(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc));
    }

    @Override
    public void gemmStridedBatched(
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            double alpha,
            Tensor a,
            int lda,
            long strideA,
            Tensor b,
            int ldb,
            long strideB,
            double beta,
            Tensor c,
            int ldc,
            long strideC,
            int batch) {
        scratch.run(() -> algebra.gemmStridedBatched(
                transA, transB, m, n, k, alpha, a, lda, strideA, b, ldb, strideB, beta, c, ldc, strideC, batch));
    }

    @Override
    public void scale(double a, Tensor x) {
        scratch.run(() -> algebra.scale(a, x));
    }

    @Override
    public void axpy(double a, Tensor x, Tensor y) {
        scratch.run(() -> algebra.axpy(a, x, y));
    }

    @Override
    public void combine(double a, Tensor x, double b, Tensor y, Tensor out) {
        scratch.run(() -> algebra.combine(a, x, b, y, out));
    }

    @Override
    public double sumOfSquares(Tensor x) {
        double[] result = new double[1];
        scratch.run(() -> result[0] = algebra.sumOfSquares(x));
        return result[0];
    }

    @Override
    public void layerNormForward(Tensor x, Tensor gain, Tensor bias, double eps, Tensor y, Tensor stats) {
        scratch.run(() -> Nd4jNorms.layerNormForward(x, gain, bias, eps, y, stats));
    }

    @Override
    public void layerNormBackward(
            Tensor x,
            Tensor gain,
            Tensor stats,
            Tensor dy,
            Tensor dx,
            boolean addToDx,
            Tensor dGain,
            Tensor dBias,
            boolean accumulate) {
        scratch.run(() -> Nd4jNorms.layerNormBackward(x, gain, stats, dy, dx, addToDx, dGain, dBias, accumulate));
    }

    @Override
    public void rmsNormForward(
            int rows,
            int groups,
            int width,
            Tensor x,
            int ldx,
            Tensor gain,
            double eps,
            Tensor y,
            int ldy,
            Tensor rstd) {
        scratch.run(() -> Nd4jNorms.rmsNormForward(rows, groups, width, x, ldx, gain, eps, y, ldy, rstd));
    }

    @Override
    public void rmsNormBackward(
            int rows,
            int groups,
            int width,
            Tensor x,
            int ldx,
            Tensor gain,
            Tensor rstd,
            Tensor dy,
            int ldy,
            Tensor dx,
            boolean addToDx,
            Tensor dGain,
            boolean accumulate) {
        scratch.run(() -> Nd4jNorms.rmsNormBackward(
                rows, groups, width, x, ldx, gain, rstd, dy, ldy, dx, addToDx, dGain, accumulate));
    }

    @Override
    public void addBias(Tensor x, Tensor bias) {
        scratch.run(() -> Nd4jActivations.addBias(x, bias));
    }

    @Override
    public void columnSum(Tensor x, Tensor out, boolean accumulate) {
        scratch.run(() -> columnSums(x, out, accumulate));
    }

    @Override
    public void activationForward(Activation kind, Tensor x, Tensor bias, Tensor y) {
        scratch.run(() -> Nd4jActivations.forward(kind, x, bias, y));
    }

    @Override
    public void activationBackward(Activation kind, Tensor x, Tensor dy, Tensor dx) {
        scratch.run(() -> Nd4jActivations.backward(kind, x, dy, dx));
    }

    @Override
    public void swigluForward(Tensor gateUp, Tensor y) {
        scratch.run(() -> Nd4jActivations.swigluForward(gateUp, y));
    }

    @Override
    public void swigluBackward(Tensor gateUp, Tensor dy, Tensor dGateUp) {
        scratch.run(() -> Nd4jActivations.swigluBackward(gateUp, dy, dGateUp));
    }

    @Override
    public void embeddingForward(Tensor ids, int t, Tensor tokenTable, Tensor positionTable, double mult, Tensor out) {
        scratch.run(() -> Nd4jTokens.embeddingForward(ids, t, tokenTable, positionTable, mult, out));
    }

    @Override
    public void embeddingBackward(
            Tensor ids,
            int t,
            Tensor dOut,
            double mult,
            Tensor dTokenTable,
            boolean accumulateTokens,
            Tensor dPositionTable,
            boolean accumulatePositions) {
        scratch.run(() -> Nd4jTokens.embeddingBackward(
                ids, t, dOut, mult, dTokenTable, accumulateTokens, dPositionTable, accumulatePositions));
    }

    @Override
    public void crossEntropy(
            Tensor logits, Tensor targets, double zWeight, double gradScale, Tensor gradient, double[] sums) {
        Shapes.inPlace(logits, gradient);
        scratch.run(() -> Nd4jTokens.crossEntropy(logits, targets, zWeight, gradScale, gradient != null, sums));
    }

    @Override
    public void squaredError(Tensor logits, Tensor targets, double gradScale, Tensor gradient, double[] sums) {
        Shapes.inPlace(logits, gradient);
        scratch.run(() -> Nd4jTokens.squaredError(logits, targets, gradScale, gradient != null, sums));
    }

    @Override
    public void softCrossEntropy(
            Tensor logits, Tensor targets, SoftTargets soft, double zWeight, double gradScale, double[] sums) {
        softLosses.crossEntropy(logits, targets, soft, zWeight, gradScale, sums);
    }

    @Override
    public void softSquaredError(Tensor logits, Tensor targets, SoftTargets soft, double gradScale, double[] sums) {
        softLosses.squaredError(logits, targets, soft, gradScale, sums);
    }

    @Override
    public void rope(
            int rows,
            int t,
            int heads,
            int headDim,
            Tensor x,
            int ldx,
            Tensor cos,
            Tensor sin,
            boolean inverse,
            Tensor y,
            int ldy) {
        scratch.run(() -> attention.rope(rows, t, heads, headDim, x, ldx, cos, sin, inverse, y, ldy));
    }

    @Override
    public ImageKernels images() {
        return images;
    }

    @Override
    public void attentionForward(
            AttentionShape s,
            Tensor q,
            int ldq,
            Tensor k,
            int ldk,
            Tensor v,
            int ldv,
            double scale,
            Tensor out,
            int ldo,
            Tensor saved) {
        scratch.run(() -> attention.attentionForward(s, q, ldq, k, ldk, v, ldv, scale, out, ldo, saved));
    }

    @Override
    public void attentionBackward(
            AttentionShape s,
            Tensor q,
            int ldq,
            Tensor k,
            int ldk,
            Tensor v,
            int ldv,
            double scale,
            Tensor out,
            Tensor dOut,
            int ldo,
            Tensor saved,
            Tensor dq,
            int lddq,
            Tensor dk,
            int lddk,
            Tensor dv,
            int lddv) {
        scratch.run(() -> attention.attentionBackward(
                s, q, ldq, k, ldk, v, ldv, scale, out, dOut, ldo, saved, dq, lddq, dk, lddk, dv, lddv));
    }

    @Override
    public OptimizerKernels optimizerKernels() {
        return optimizers;
    }

    private static void columnSums(Tensor x, Tensor out, boolean accumulate) {
        long width = out.size();
        if (x.size() % width != 0) {
            throw new IllegalArgumentException("expected rows of width " + width + ", found " + x);
        }
        Ops.store(Ops.view(x, x.size() / width, width).sum(true, 0), Ops.view(out, 1, width), accumulate);
    }

    /** Waits for nothing on the CPU, for the stream on a device. */
    @Override
    public void synchronize() {
        Nd4j.getExecutioner().commit();
    }

    /** Frees the scratch memory of the calling thread; storages are closed by their owners. */
    @Override
    public void close() {
        attention.close();
        scratch.close();
    }
}
