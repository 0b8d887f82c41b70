package org.windtunnel.backend.cpu;

import java.nio.FloatBuffer;
import java.util.Arrays;
import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/** Losses of logits against class ids, loss and gradient in one pass over the logits. */
final class LossKernel extends Kernel {
    private static final int SUMS = 3;

    private final double[] partial = new double[MAX_CHUNKS * SUMS];
    private Tensor logits;
    private Tensor targets;
    private int width;
    private boolean squared;
    private double zWeight;
    private double gradScale;
    private boolean writeGradient;

    LossKernel(Engine engine) {
        super(engine);
    }

    /** Softmax cross entropy with z-loss. */
    void crossEntropy(Tensor x, Tensor target, double z, double scale, boolean gradient, double[] sums) {
        squared = false;
        zWeight = z;
        run(x, target, scale, gradient, sums);
    }

    void squaredError(Tensor x, Tensor target, double scale, boolean gradient, double[] sums) {
        squared = true;
        run(x, target, scale, gradient, sums);
    }

    private void run(Tensor x, Tensor target, double scale, boolean gradient, double[] sums) {
        logits = x;
        targets = target;
        gradScale = scale;
        writeGradient = gradient;
        width = Shapes.columns(x);
        int rows = Shapes.rows(x);
        Shapes.atLeast(target, rows);
        Arrays.fill(partial, 0);
        int chunks = launch(rows, width);
        Arrays.fill(sums, 0, SUMS, 0);
        for (int i = 0; i < chunks * SUMS; i++) {
            sums[i % SUMS] += partial[i];
        }
    }

    @Override
    void range(int from, int to, int chunk, int thread, Scratch s) {
        int block = blockRows(width);
        int[] target = s.ints(to - from);
        ((CpuStorage) targets.storage()).ints().get(at(targets) + from, target, 0, to - from);
        float[] v = s.floats(0, block * width);
        FloatBuffer x = buffer(logits);
        for (int row = from; row < to; row += block) {
            int n = Math.min(block, to - row);
            x.get(at(logits) + row * width, v, 0, n * width);
            for (int i = 0; i < n; i++) {
                row(v, i * width, target[row + i - from], chunk);
            }
            if (writeGradient) {
                x.put(at(logits) + row * width, v, 0, n * width);
            }
        }
    }

    private void row(float[] v, int at, int target, int chunk) {
        if (target < 0) {
            Arrays.fill(v, at, at + width, 0f);
            return;
        }
        if (target >= width) {
            throw new IllegalArgumentException("target " + target + " is outside the vocabulary of " + width);
        }
        if (squared) {
            squaredError(v, at, target, chunk);
        } else {
            crossEntropy(v, at, target, chunk);
        }
        partial[chunk * SUMS + 2] += 1;
    }

    private void squaredError(float[] v, int at, int target, int chunk) {
        double square = lanes.sumOfSquares(v, at, width);
        partial[chunk * SUMS] += (square + 1) / 2 - v[at + target];
        partial[chunk * SUMS + 1] += square;
        if (writeGradient) {
            v[at + target] -= 1;
            lanes.scale((float) gradScale, v, at, width);
        }
    }

    private void crossEntropy(float[] v, int at, int target, int chunk) {
        double wanted = v[at + target];
        float max = lanes.max(v, at, width);
        float sum = lanes.expShifted(v, at, max, width);
        double lse = max + Math.log(sum);
        partial[chunk * SUMS] += lse - wanted;
        partial[chunk * SUMS + 1] += lse * lse;
        if (writeGradient) {
            lanes.scale((float) (gradScale * (1 + 2 * zWeight * lse) / sum), v, at, width);
            v[at + target] -= (float) gradScale;
        }
    }
}
