package org.windtunnel.backend.cuda;

import org.windtunnel.backend.Backend;
import org.windtunnel.backend.BranchSum;
import org.windtunnel.backend.Shapes;
import org.windtunnel.backend.SoftTargets;
import org.windtunnel.backend.StreamGradient;
import org.windtunnel.tensor.Tensor;

/** The part of {@link CudaBackend} that hands a model's calls on to the kernels. */
abstract class CudaLayers implements Backend {
    final Device device;
    final Calls calls;
    final Operands operands;
    final DeviceMemory memory;
    final Workspace workspace;
    final Reductions reductions;
    final GemmKernels gemm;
    private final FlatKernels flat;
    private final NormKernels norm;
    private final TokenKernels tokens;
    private final AttentionKernel attention;

    /** Parameters as of {@link CudaBackend}. */
    CudaLayers(Device device, Operands operands, CudaBackend.Footprint footprint) {
        this.device = device;
        this.operands = operands;
        device.load(KernelSource.all());
        calls = new Calls(device);
        memory = new DeviceMemory(device);
        workspace = new Workspace(memory);
        if (footprint != null) {
            memory.reserve(footprint.bytes());
            workspace.take(footprint.workspace());
        }
        reductions = new Reductions(device, memory, calls, workspace);
        flat = new FlatKernels(device, calls);
        gemm = new GemmKernels(device, calls, workspace, operands);
        norm = new NormKernels(calls, reductions);
        tokens = new TokenKernels(device, calls, reductions, workspace);
        attention = new AttentionKernel(device, calls, operands);
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
            int lddy,
            Tensor dx,
            Tensor dw,
            boolean accumulate) {
        if (operands == Operands.BF16) {
            gemm.linearBackward(rows, in, out, scale, x, w, dy, lddy, dx, dw, accumulate ? 1 : 0);
        } else {
            Backend.super.linearBackward(rows, in, out, scale, x, w, dy, lddy, dx, dw, accumulate);
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

    /** In fp32 and tf32, sums stay those of a product that adds to the stream. */
    @Override
    public boolean fusesBranchSums() {
        return operands == Operands.BF16;
    }

    @Override
    public void addLayerNormForward(
            BranchSum sum, Tensor gain, Tensor bias, double eps, Tensor y, Tensor stats) {
        norm.addLayerNormForward(sum, gain, bias, eps, y, stats);
    }

    @Override
    public void addRmsNormForward(BranchSum sum, Tensor gain, double eps, Tensor y, Tensor rstd) {
        norm.addRmsNormForward(sum, gain, eps, y, rstd);
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
        norm.layerNormBackward(x, gain, stats, dy, dx, addToDx, dGain, dBias, accumulate, null);
    }

    @Override
    public void layerNormBackward(
            Tensor x, Tensor gain, Tensor stats, Tensor dy, StreamGradient dx, boolean addToDx, Tensor dGain,
            Tensor dBias, boolean accumulate) {
        norm.layerNormBackward(
                x, gain, stats, dy, dx.exact(), addToDx, dGain, dBias, accumulate, dx.rounded());
    }

    @Override
    public void rmsNormBackward(
            Tensor x, Tensor gain, Tensor rstd, Tensor dy, StreamGradient dx, boolean addToDx, Tensor dGain,
            boolean accumulate) {
        int width = gain.intSize();
        norm.rmsNormBackward(rstd.intSize(), 1, width, x, width, gain, rstd, dy, width, dx.exact(), addToDx, dGain,
                accumulate, dx.rounded());
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
        norm.rmsNormBackward(rows, groups, width, x, ldx, gain, rstd, dy, ldy, dx, addToDx, dGain, accumulate, null);
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
    public void activationBackward(Activation kind, Tensor x, Tensor dy, Tensor dx) {
        flat.activationBackward(kind, x, dy, dx);
    }

    @Override
    public void activationBackward(
            Activation kind, Tensor x, Tensor dy, Tensor dx, Tensor dBias, boolean accumulate) {
        if (dBias != null && Calls.isRounded(dx)) {
            flat.activationBackward(kind, x, dy, dx, dBias, accumulate, reductions);
        } else {
            Backend.super.activationBackward(kind, x, dy, dx, dBias, accumulate);
        }
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
            Tensor logits, Tensor targets, double zWeight, double gradScale, Tensor gradient, double[] sums) {
        tokens.crossEntropy(logits, targets, null, zWeight, gradScale, gradient, sums);
    }

    @Override
    public void squaredError(Tensor logits, Tensor targets, double gradScale, Tensor gradient, double[] sums) {
        tokens.squaredError(logits, targets, null, gradScale, gradient, sums);
    }

    @Override
    public void softCrossEntropy(
            Tensor logits, Tensor targets, SoftTargets soft, double zWeight, double gradScale, double[] sums) {
        tokens.crossEntropy(logits, targets, soft, zWeight, gradScale, logits, sums);
    }

    @Override
    public void softSquaredError(Tensor logits, Tensor targets, SoftTargets soft, double gradScale, double[] sums) {
        tokens.squaredError(logits, targets, soft, gradScale, logits, sums);
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
        attention.rope(rows, t, heads, headDim, x, ldx, cos, sin, inverse, y, ldy);
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
}
