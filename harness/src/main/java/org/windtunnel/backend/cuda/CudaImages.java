package org.windtunnel.backend.cuda;

import org.windtunnel.backend.ImageKernels;
import org.windtunnel.tensor.Tensor;

/** The convolutional kernels of the cuda backend. */
final class CudaImages implements ImageKernels {
    private final Convolution convolution;
    private final ImageNorms norms;
    private final PoolKernels pools;

    CudaImages(Device device, Calls calls, Workspace workspace, Operands operands) {
        this(new Convolution(device, calls, workspace, operands), calls, workspace);
    }

    CudaImages(Convolution convolution, Calls calls, Workspace workspace) {
        this.convolution = convolution;
        norms = new ImageNorms(calls, workspace);
        pools = new PoolKernels(calls);
    }

    @Override
    public void channelsLast(int batch, int channels, int pixels, Tensor from, Tensor to) {
        pools.channelsLast(batch, channels, pixels, from, to);
    }

    @Override
    public void convolutionForward(WindowShape s, double alpha, Tensor x, Tensor filters, boolean addToY, Tensor y) {
        convolution.forward(s, alpha, x, filters, addToY, y);
    }

    @Override
    public void convolutionBackward(
            WindowShape s,
            double alpha,
            Tensor x,
            Tensor filters,
            Tensor dy,
            Tensor dx,
            boolean addToDx,
            Tensor dFilters,
            boolean accumulate) {
        convolution.backward(s, alpha, x, filters, dy, dx, addToDx, dFilters, accumulate);
    }

    @Override
    public void batchNormForward(
            Tensor x,
            Tensor gain,
            Tensor bias,
            double eps,
            Tensor stats,
            Tensor runningMean,
            Tensor runningVar,
            double momentum,
            Epilogue epilogue,
            Tensor y) {
        norms.batchForward(x, gain, bias, eps, stats, runningMean, runningVar, momentum, epilogue, y);
    }

    @Override
    public void batchNormInference(
            Tensor x,
            Tensor gain,
            Tensor bias,
            double eps,
            Tensor runningMean,
            Tensor runningVar,
            Epilogue epilogue,
            Tensor y) {
        norms.batchInference(x, gain, bias, eps, runningMean, runningVar, epilogue, y);
    }

    @Override
    public void batchNormBackward(
            Tensor x,
            Tensor gain,
            Tensor stats,
            Epilogue epilogue,
            Tensor y,
            Tensor dy,
            Tensor dx,
            Tensor dSkip,
            boolean addToSkip,
            Tensor dGain,
            Tensor dBias,
            boolean accumulate) {
        norms.batchBackward(x, gain, stats, epilogue, y, dy, dx, dSkip, addToSkip, dGain, dBias, accumulate);
    }

    @Override
    public void groupNormForward(
            int batch,
            int groups,
            Tensor x,
            Tensor gain,
            Tensor bias,
            double eps,
            Tensor stats,
            Epilogue epilogue,
            Tensor y) {
        norms.groupForward(batch, groups, x, gain, bias, eps, stats, epilogue, y);
    }

    @Override
    public void groupNormBackward(
            int batch,
            int groups,
            Tensor x,
            Tensor gain,
            Tensor stats,
            Epilogue epilogue,
            Tensor y,
            Tensor dy,
            Tensor dx,
            Tensor dSkip,
            boolean addToSkip,
            Tensor dGain,
            Tensor dBias,
            boolean accumulate) {
        norms.groupBackward(
                batch, groups, x, gain, stats, epilogue, y, dy, dx, dSkip, addToSkip, dGain, dBias, accumulate);
    }

    @Override
    public void shiftForward(int batch, Tensor x, Tensor bias, Tensor factors, Epilogue epilogue, Tensor y) {
        norms.shiftForward(batch, x, bias, factors, epilogue, y);
    }

    @Override
    public void shiftBackward(
            int batch,
            Tensor factors,
            Epilogue epilogue,
            Tensor y,
            Tensor dy,
            Tensor dx,
            Tensor dSkip,
            boolean addToSkip,
            Tensor dBias,
            boolean accumulate) {
        norms.shiftBackward(batch, factors, epilogue, y, dy, dx, dSkip, addToSkip, dBias, accumulate);
    }

    @Override
    public void gateForward(int batch, Tensor x, Tensor gates, Tensor y) {
        pools.gateForward(batch, x, gates, y);
    }

    @Override
    public void gateBackward(int batch, Tensor x, Tensor gates, Tensor dy, Tensor dx, Tensor dGates) {
        pools.gateBackward(batch, x, gates, dy, dx, dGates);
    }

    @Override
    public void globalAverageForward(int batch, Tensor x, Tensor y) {
        pools.globalAverageForward(batch, x, y);
    }

    @Override
    public void globalAverageBackward(int batch, Tensor dy, Tensor dx, boolean addToDx) {
        pools.globalAverageBackward(batch, dy, dx, addToDx);
    }

    @Override
    public void averagePoolForward(WindowShape s, Tensor x, Tensor y) {
        pools.averageForward(s, x, y);
    }

    @Override
    public void averagePoolBackward(WindowShape s, Tensor dy, Tensor dx, boolean addToDx) {
        pools.averageBackward(s, dy, dx, addToDx);
    }

    @Override
    public void maxPoolForward(WindowShape s, Tensor x, Tensor y, Tensor winners) {
        pools.maxForward(s, x, y, winners);
    }

    @Override
    public void maxPoolBackward(WindowShape s, Tensor dy, Tensor winners, Tensor dx) {
        pools.maxBackward(s, dy, winners, dx);
    }
}
