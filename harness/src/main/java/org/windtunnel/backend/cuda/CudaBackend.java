package org.windtunnel.backend.cuda;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.ImageKernels;
import org.windtunnel.backend.LateFigures;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.backend.RepeatedWork;
import org.windtunnel.backend.Shapes;
import org.windtunnel.backend.SoftTargets;
import org.windtunnel.backend.WorkTimes;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Storage;
import org.windtunnel.tensor.Tensor;

/**
 * The GPU backend; how it works is described at {@link org.windtunnel.backend.cuda}.
 *
 * <p>Memory, norms, softmax, loss and updates are fp32 whatever the operands of matrix products are. Those of attention
 * round as others do, where tensor cores do them ({@code AttentionTiles}).
 */
public final class CudaBackend implements Backend {
    /** Reservations are larger by this part, for the alignment of tensors. */
    private static final int ROUNDING = 64;

    private final Device device;
    private final Operands operands;
    private final DeviceMemory memory;
    private final Workspace workspace;
    private final Reductions reductions;
    private final FlatKernels flat;
    private final GemmKernels gemm;
    private final NormKernels norm;
    private final TokenKernels tokens;
    private final AttentionKernel attention;
    private final CudaOptimizers optimizers;
    private final CudaImages images;
    private final LateLosses late;
    private final boolean graphs;
    private final boolean whole;

    /**
     * Memory of a backend.
     *
     * @param bytes all of it
     * @param workspace of these, what lies between the kernels of a call
     */
    public record Footprint(long bytes, long workspace) {}

    /** With graphs. */
    public CudaBackend(Device device, Operands operands) {
        this(device, operands, true);
    }

    /**
     * Loads the kernels, compiling them for this card if that has not been done.
     *
     * @param device becomes this backend's, which closes it
     * @param operands how matrix products take their operands
     * @param graphs whether {@link #repeated} work is recorded as a CUDA graph and replayed, or queued call by call
     */
    public CudaBackend(Device device, Operands operands, boolean graphs) {
        this(device, operands, graphs, null);
    }

    /**
     * The same with all of its memory taken at once, in one piece.
     *
     * @param footprint what it takes; null for as much as turns out to be needed
     */
    public CudaBackend(Device device, Operands operands, boolean graphs, Footprint footprint) {
        this.device = device;
        this.operands = operands;
        this.whole = footprint != null;
        device.load(KernelSource.all());
        Calls calls = new Calls(device);
        memory = new DeviceMemory(device);
        workspace = new Workspace(memory);
        if (whole) {
            memory.reserve(footprint.bytes());
            workspace.take(footprint.workspace());
        }
        reductions = new Reductions(device, memory, calls, workspace);
        flat = new FlatKernels(device, calls);
        gemm = new GemmKernels(device, calls, workspace, operands);
        norm = new NormKernels(calls, reductions);
        tokens = new TokenKernels(device, calls, reductions, workspace);
        attention = new AttentionKernel(device, calls, operands);
        optimizers = new CudaOptimizers(calls, gemm, workspace);
        images = new CudaImages(device, calls, workspace, operands);
        late = new LateLosses(device, calls, reductions);
        this.graphs = graphs;
    }

    @Override
    public String name() {
        return "cuda";
    }

    @Override
    public DType floatType() {
        return DType.FLOAT32;
    }

    @Override
    public Map<String, String> describe() {
        DeviceInfo card = device.info();
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("backend", "cuda");
        facts.put("gpu", card.name());
        facts.put("compute capability", card.capability());
        facts.put("multiprocessors", Integer.toString(card.multiprocessors()));
        facts.put("gpu memory", (card.totalBytes() >> 20) + " MiB");
        facts.put("cuda", card.software());
        facts.put("matrix products", operands.name().toLowerCase(Locale.ROOT));
        Card.of(card.name()).ifPresent(known -> facts.put("published peak", known.describe(operands)));
        return facts;
    }

    @Override
    public Storage allocate(DType dtype, long length) {
        return new CudaStorage(device, memory, dtype, length);
    }

    @Override
    public ImageKernels images() {
        return images;
    }

    @Override
    public OptimizerKernels optimizerKernels() {
        return optimizers;
    }

    @Override
    public OptionalLong freeDeviceBytes() {
        return OptionalLong.of(device.freeBytes());
    }

    @Override
    public OptionalDouble peakFlops() {
        return Card.of(device.info().name()).map(card -> card.peakFlops(operands)).orElse(OptionalDouble.empty());
    }

    @Override
    public void reserve(long bytes) {
        if (!whole) {
            memory.reserve(bytes + bytes / ROUNDING);
        }
    }

    /** What it has taken at most of its one piece of memory. */
    public Footprint footprint() {
        return new Footprint(memory.most(), workspace.bytes());
    }

    @Override
    public RepeatedWork repeated(String what, Runnable work) {
        return graphs ? new Recording(device, workspace, what, work) : work::run;
    }

    @Override
    public LateFigures lateFigures() {
        return late;
    }

    @Override
    public Optional<WorkTimes> workTimes() {
        return Optional.ofNullable(device.workTimes());
    }

    @Override
    public void synchronize() {
        device.synchronize();
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
        gemm.gemm(transA, transB, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0, 1);
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
        gemm.gemm(
                transA, transB, m, n, k, alpha, a, lda, strideA, b, ldb, strideB, beta, c, ldc, strideC, batch);
    }

    @Override
    public void linearBackward(
            int rows,
            int in,
            int out,
            double scale,
            Tensor x,
            Tensor w,
            Tensor dy,
            Tensor dx,
            Tensor dw,
            boolean accumulate) {
        if (operands == Operands.BF16) {
            gemm.linearBackward(rows, in, out, scale, x, w, dy, dx, dw, accumulate ? 1 : 0);
        } else {
            Backend.super.linearBackward(rows, in, out, scale, x, w, dy, dx, dw, accumulate);
        }
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
        return reductions.sumOfSquares(x);
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
        flat.addBias(x, bias);
    }

    @Override
    public void columnSum(Tensor x, Tensor out, boolean accumulate) {
        reductions.columnSum(x, Shapes.rows(x), Shapes.columns(x), out, accumulate);
    }

    @Override
    public void activationForward(Activation kind, Tensor x, Tensor bias, Tensor y) {
        flat.activationForward(kind, x, bias, y);
    }

    @Override
    public void activationBackward(Activation kind, Tensor x, Tensor d) {
        flat.activationBackward(kind, x, d);
    }

    @Override
    public void swigluForward(Tensor gateUp, Tensor y) {
        flat.swigluForward(gateUp, y);
    }

    @Override
    public void swigluBackward(Tensor gateUp, Tensor dy, Tensor dGateUp) {
        flat.swigluBackward(gateUp, dy, dGateUp);
    }

    @Override
    public void embeddingForward(
            Tensor ids, int t, Tensor tokenTable, Tensor positionTable, double mult, Tensor out) {
        tokens.embeddingForward(ids, t, tokenTable, positionTable, mult, out);
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
        tokens.embeddingBackward(
                ids, t, dOut, mult, dTokenTable, accumulateTokens, dPositionTable, accumulatePositions);
    }

    @Override
    public void crossEntropy(
            Tensor logits, Tensor targets, double zWeight, double gradScale, boolean writeGradient, double[] sums) {
        tokens.crossEntropy(logits, targets, null, zWeight, gradScale, writeGradient, sums);
    }

    @Override
    public void squaredError(Tensor logits, Tensor targets, double gradScale, boolean writeGradient, double[] sums) {
        tokens.squaredError(logits, targets, null, gradScale, writeGradient, sums);
    }

    @Override
    public void softCrossEntropy(
            Tensor logits, Tensor targets, SoftTargets soft, double zWeight, double gradScale, double[] sums) {
        tokens.crossEntropy(logits, targets, soft, zWeight, gradScale, true, sums);
    }

    @Override
    public void softSquaredError(Tensor logits, Tensor targets, SoftTargets soft, double gradScale, double[] sums) {
        tokens.squaredError(logits, targets, soft, gradScale, true, sums);
    }

    @Override
    public void rope(
            int rows, int t, int heads, int headDim, Tensor x, int ld, Tensor cos, Tensor sin, boolean inverse) {
        attention.rope(rows, t, heads, headDim, x, ld, cos, sin, inverse);
    }

    @Override
    public long attentionSavedSize(AttentionShape s) {
        return AttentionKernel.savedSize(s);
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
    public void close() {
        reductions.close();
        workspace.close();
        memory.close();
        device.close();
    }
}
