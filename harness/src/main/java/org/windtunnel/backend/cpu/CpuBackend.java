package org.windtunnel.backend.cpu;

import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.BlasSetup;
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
 * The fast CPU backend, in float32; how it works is described at {@link org.windtunnel.backend.cpu}.
 *
 * <p>Results do not depend on the number of threads, bit for bit.
 */
public final class CpuBackend implements Backend {
    private final Engine engine;
    private final FlatKernels flat;
    private final GemmKernels gemm;
    private final NormKernels norm;
    private final ActivationKernels activation;
    private final EmbeddingKernels embedding;
    private final LossKernel loss;
    private final RopeKernel rope;
    private final AttentionKernel attention;
    private final CpuOptimizers optimizers;
    private final CpuImages images;
    private final SoftLosses softLosses = new SoftLosses(this);

    /** @param threads threads that share the work, the caller's included */
    public CpuBackend(int threads) {
        this(threads, prepared());
    }

    CpuBackend(int threads, Lanes lanes) {
        engine = Engine.of(threads, lanes);
        BlasSetup.singleThreaded();
        flat = new FlatKernels(engine);
        gemm = new GemmKernels(engine);
        norm = new NormKernels(engine);
        activation = new ActivationKernels(engine);
        embedding = new EmbeddingKernels(engine);
        loss = new LossKernel(engine);
        rope = new RopeKernel(engine);
        attention = new AttentionKernel(engine);
        optimizers = new CpuOptimizers(engine, flat, this);
        images = new CpuImages(engine);
    }

    private static Lanes prepared() {
        Natives.prepare();
        return Lanes.best();
    }

    @Override
    public String name() {
        return "cpu";
    }

    /** Threads that share the work. */
    public int threads() {
        return engine.pool().threads();
    }

    @Override
    public DType floatType() {
        return DType.FLOAT32;
    }

    @Override
    public Map<String, String> describe() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("backend", "cpu");
        facts.put("processor", Natives.features().display());
        facts.put("blas", BlasSetup.describe());
        facts.put("threads", Integer.toString(threads()));
        facts.put("vector width", engine.lanes().width() * 32 + " bits");
        facts.put("java kernels", engine.lanes().describe());
        return facts;
    }

    @Override
    public Storage allocate(DType dtype, long length) {
        return new CpuStorage(dtype, length);
    }

    @Override
    public void fill(Tensor x, double value) {
        flat.fill(x, value);
    }

    @Override
    public void copy(Tensor from, Tensor to) {
        flat.copy(from, to);
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
        gemm.gemm(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
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
        gemm.gemmStridedBatched(
                transA, transB, m, n, k, alpha, a, lda, strideA, b, ldb, strideB, beta, c, ldc, strideC, batch);
    }

    @Override
    public void scale(double a, Tensor x) {
        flat.scale(a, x);
    }

    @Override
    public void axpy(double a, Tensor x, Tensor y) {
        flat.axpy(a, x, y);
    }

    @Override
    public void combine(double a, Tensor x, double b, Tensor y, Tensor out) {
        flat.combine(a, x, b, y, out);
    }

    @Override
    public double sumOfSquares(Tensor x) {
        return flat.sumOfSquares(x);
    }

    @Override
    public void layerNormForward(Tensor x, Tensor gain, Tensor bias, double eps, Tensor y, Tensor stats) {
        norm.layerNormForward(x, gain, bias, eps, y, stats);
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
        norm.layerNormBackward(x, gain, stats, dy, dx, addToDx, dGain, dBias, accumulate);
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
        norm.rmsNormForward(rows, groups, width, x, ldx, gain, eps, y, ldy, rstd);
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
        norm.rmsNormBackward(rows, groups, width, x, ldx, gain, rstd, dy, ldy, dx, addToDx, dGain, accumulate);
    }

    @Override
    public void addBias(Tensor x, Tensor bias) {
        activation.forward(null, x, bias, x);
    }

    @Override
    public void columnSum(Tensor x, Tensor out, boolean accumulate) {
        activation.columnSum(x, out, accumulate);
    }

    @Override
    public void activationForward(Activation kind, Tensor x, Tensor bias, Tensor y) {
        activation.forward(kind, x, bias, y);
    }

    @Override
    public void activationBackward(Activation kind, Tensor x, Tensor dy, Tensor dx) {
        activation.backward(kind, x, dy, dx);
    }

    @Override
    public void swigluForward(Tensor gateUp, Tensor y) {
        activation.swigluForward(gateUp, y);
    }

    @Override
    public void swigluBackward(Tensor gateUp, Tensor dy, Tensor dGateUp) {
        activation.swigluBackward(gateUp, dy, dGateUp);
    }

    @Override
    public void embeddingForward(
            Tensor ids, int t, Tensor tokenTable, Tensor positionTable, double mult, Tensor out) {
        embedding.forward(ids, t, tokenTable, positionTable, mult, out);
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
        if (!accumulateTokens) {
            flat.fill(dTokenTable, 0);
        }
        embedding.backward(ids, t, dOut, mult, dTokenTable, dPositionTable, accumulatePositions);
    }

    @Override
    public void crossEntropy(
            Tensor logits, Tensor targets, double zWeight, double gradScale, Tensor gradient, double[] sums) {
        Shapes.inPlace(logits, gradient);
        loss.crossEntropy(logits, targets, zWeight, gradScale, gradient != null, sums);
    }

    @Override
    public void squaredError(Tensor logits, Tensor targets, double gradScale, Tensor gradient, double[] sums) {
        Shapes.inPlace(logits, gradient);
        loss.squaredError(logits, targets, gradScale, gradient != null, sums);
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
        rope.run(rows, t, heads, headDim, x, ldx, cos, sin, inverse, y, ldy);
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
        attention.forward(s, q, ldq, k, ldk, v, ldv, scale, out, ldo, saved);
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
        attention.backward(s, q, ldq, k, ldk, v, ldv, scale, out, dOut, ldo, saved, dq, lddq, dk, lddk, dv, lddv);
    }

    @Override
    public OptimizerKernels optimizerKernels() {
        return optimizers;
    }

    @Override
    public ImageKernels images() {
        return images;
    }

    @Override
    public void close() {
        images.close();
        gemm.close();
        engine.close();
    }
}
