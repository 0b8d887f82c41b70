package org.windtunnel.backend.cpu;

import org.windtunnel.backend.ImageKernels.Epilogue;
import org.windtunnel.backend.Shapes;
import org.windtunnel.backend.cpu.ChannelKernels.Pieces;
import org.windtunnel.tensor.Tensor;

/** Batch and group normalisation: coefficients by channel in double precision, around passes of {@link ChannelKernels}. */
final class ImageNorms {
    private final ChannelKernels kernels;
    private double[] mean = new double[0];
    private double[] square = new double[0];

    ImageNorms(ChannelKernels kernels) {
        this.kernels = kernels;
    }

    private void room(int n) {
        if (mean.length < n) {
            mean = new double[n];
            square = new double[n];
        }
    }

    private static float get(Tensor x, int i) {
        return Kernel.buffer(x).get(Kernel.at(x) + i);
    }

    private static void set(Tensor x, int i, double value) {
        Kernel.buffer(x).put(Kernel.at(x) + i, (float) value);
    }

    private static void store(Tensor x, int i, double value, boolean accumulate) {
        set(x, i, accumulate ? get(x, i) + value : value);
    }

    void batchForward(
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
        Pieces pieces = check(x, y, epilogue);
        int c = pieces.channels();
        kernels.moments.run(x, pieces);
        room(c);
        for (int j = 0; j < c; j++) {
            combine(pieces, j);
            double variance = square[j] / pieces.rows();
            double rstd = 1 / Math.sqrt(variance + eps);
            set(stats, j, mean[j]);
            set(stats, c + j, rstd);
            if (runningMean != null) {
                double unbiased = square[j] / Math.max(1, pieces.rows() - 1);
                set(runningMean, j, (1 - momentum) * get(runningMean, j) + momentum * mean[j]);
                set(runningVar, j, (1 - momentum) * get(runningVar, j) + momentum * unbiased);
            }
            coefficients(pieces, j, mean[j], rstd, get(gain, j), get(bias, j), epilogue.scale());
        }
        kernels.apply.run(x, epilogue.skip(), epilogue.relu(), y, pieces);
    }

    private Pieces check(Tensor x, Tensor y, Epilogue epilogue) {
        Shapes.sameSize(x, y);
        if (epilogue.skip() != null) {
            Shapes.sameSize(epilogue.skip(), y);
        }
        return kernels.rows(x);
    }

    /** Mean and squared deviations of a channel over all pieces (Chan, Golub and LeVeque, 1979). */
    private void combine(Pieces pieces, int channel) {
        double m = 0;
        double s = 0;
        double rows = 0;
        for (int p = 0; p < pieces.count(); p++) {
            double n = pieces.rowsOf(p);
            double delta = kernels.moments.mean(p, channel) - m;
            s += kernels.moments.square(p, channel) + delta * delta * rows * n / (rows + n);
            m += delta * n / (rows + n);
            rows += n;
        }
        mean[channel] = m;
        square[channel] = s;
    }

    private void coefficients(Pieces pieces, int at, double m, double rstd, double gain, double bias, double scale) {
        kernels.apply.a(pieces)[at] = (float) (scale * gain * rstd);
        kernels.apply.b(pieces)[at] = (float) (scale * (bias - m * gain * rstd));
    }

    void batchInference(
            Tensor x,
            Tensor gain,
            Tensor bias,
            double eps,
            Tensor runningMean,
            Tensor runningVar,
            Epilogue epilogue,
            Tensor y) {
        Pieces pieces = check(x, y, epilogue);
        for (int j = 0; j < pieces.channels(); j++) {
            double rstd = 1 / Math.sqrt(get(runningVar, j) + eps);
            coefficients(pieces, j, get(runningMean, j), rstd, get(gain, j), get(bias, j), epilogue.scale());
        }
        kernels.apply.run(x, epilogue.skip(), epilogue.relu(), y, pieces);
    }

    void batchBackward(
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
        Pieces pieces = check(x, dx, epilogue);
        int c = pieces.channels();
        float[] shift = kernels.gradientSums.shift(pieces);
        Kernel.buffer(stats).get(Kernel.at(stats), shift, 0, c);
        Tensor mask = epilogue.relu() ? y : null;
        kernels.gradientSums.run(dy, mask, x, pieces);
        double scale = epilogue.scale();
        for (int j = 0; j < c; j++) {
            double sum = 0;
            double product = 0;
            for (int p = 0; p < pieces.count(); p++) {
                sum += kernels.gradientSums.sum(p, j);
                product += kernels.gradientSums.product(p, j);
            }
            double rstd = get(stats, c + j);
            double factor = scale * get(gain, j) * rstd;
            store(dGain, j, scale * product * rstd, accumulate);
            store(dBias, j, scale * sum, accumulate);
            kernels.gradient.p(pieces)[j] = (float) factor;
            kernels.gradient.q(pieces)[j] = (float) (-factor * rstd * rstd * product / pieces.rows());
            kernels.gradient.r(pieces)[j] = (float) (-factor * sum / pieces.rows());
        }
        kernels.gradient.run(dy, mask, x, shift, dx, dSkip, addToSkip, pieces);
    }

    void groupForward(
            int batch,
            int groups,
            Tensor x,
            Tensor gain,
            Tensor bias,
            double eps,
            Tensor stats,
            Epilogue epilogue,
            Tensor y) {
        check(x, y, epilogue);
        Pieces pieces = kernels.images(x, batch);
        int c = pieces.channels();
        int size = c / groups;
        kernels.moments.run(x, pieces);
        for (int b = 0; b < batch; b++) {
            for (int g = 0; g < groups; g++) {
                double m = 0;
                for (int j = g * size; j < (g + 1) * size; j++) {
                    m += kernels.moments.mean(b, j) / size;
                }
                double s = 0;
                for (int j = g * size; j < (g + 1) * size; j++) {
                    double delta = kernels.moments.mean(b, j) - m;
                    s += kernels.moments.square(b, j) + pieces.pieceRows() * delta * delta;
                }
                double rstd = 1 / Math.sqrt(s / ((double) size * pieces.pieceRows()) + eps);
                set(stats, 2 * (b * groups + g), m);
                set(stats, 2 * (b * groups + g) + 1, rstd);
                for (int j = g * size; j < (g + 1) * size; j++) {
                    coefficients(pieces, b * c + j, m, rstd, get(gain, j), get(bias, j), epilogue.scale());
                }
            }
        }
        kernels.apply.run(x, epilogue.skip(), epilogue.relu(), y, pieces);
    }

    void groupBackward(
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
        check(x, dx, epilogue);
        Pieces pieces = kernels.images(x, batch);
        int c = pieces.channels();
        int size = c / groups;
        float[] shift = kernels.gradientSums.shift(pieces);
        for (int i = 0; i < batch * c; i++) {
            shift[i] = get(stats, 2 * (i / size));
        }
        Tensor mask = epilogue.relu() ? y : null;
        kernels.gradientSums.run(dy, mask, x, pieces);
        room(c);
        for (int b = 0; b < batch; b++) {
            for (int g = 0; g < groups; g++) {
                groupCoefficients(pieces, b, g, size, gain, get(stats, 2 * (b * groups + g) + 1), epilogue.scale());
            }
        }
        for (int j = 0; j < c; j++) {
            store(dGain, j, epilogue.scale() * mean[j], accumulate);
            store(dBias, j, epilogue.scale() * square[j], accumulate);
        }
        kernels.gradient.run(dy, mask, x, shift, dx, dSkip, addToSkip, pieces);
    }

    /** Coefficients of one group; sums up Σ d x̂ in {@code mean} and Σ d in {@code square}. */
    private void groupCoefficients(Pieces pieces, int b, int g, int size, Tensor gain, double rstd, double scale) {
        double sum = 0;
        double product = 0;
        for (int j = g * size; j < (g + 1) * size; j++) {
            double d = kernels.gradientSums.sum(b, j);
            double dNormed = kernels.gradientSums.product(b, j) * rstd;
            sum += get(gain, j) * d;
            product += get(gain, j) * dNormed;
            mean[j] = (b == 0 ? 0 : mean[j]) + dNormed;
            square[j] = (b == 0 ? 0 : square[j]) + d;
        }
        double n = (double) size * pieces.pieceRows();
        for (int j = g * size; j < (g + 1) * size; j++) {
            int at = b * pieces.channels() + j;
            kernels.gradient.p(pieces)[at] = (float) (scale * get(gain, j) * rstd);
            kernels.gradient.q(pieces)[at] = (float) (-scale * rstd * rstd * product / n);
            kernels.gradient.r(pieces)[at] = (float) (-scale * rstd * sum / n);
        }
    }
}
