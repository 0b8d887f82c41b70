package org.windtunnel.backend.cpu;

import java.nio.FloatBuffer;
import java.util.Arrays;
import org.windtunnel.tensor.Tensor;

/** Softmax cross entropy with z-loss, loss and gradient in one pass over the logits. */
final class CrossEntropyKernel extends Kernel {
    private static final int SUMS = 3;

    private final double[] partial = new double[MAX_CHUNKS * SUMS];
    private Tensor logits;
    private Tensor targets;
    private int width;
    private double zWeight;
    private double gradScale;
    private boolean writeGradient;

    CrossEntropyKernel(Engine engine) {
        super(engine);
    }

    void run(Tensor x, Tensor target, double z, double scale, boolean gradient, double[] sums) {
        logits = x;
        targets = target;
        zWeight = z;
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
        double wanted = v[at + target];
        float max = lanes.max(v, at, width);
        float sum = lanes.expShifted(v, at, max, width);
        double lse = max + Math.log(sum);
        partial[chunk * SUMS] += lse - wanted;
        partial[chunk * SUMS + 1] += lse * lse;
        partial[chunk * SUMS + 2] += 1;
        if (writeGradient) {
            lanes.scale((float) (gradScale * (1 + 2 * zWeight * lse) / sum), v, at, width);
            v[at + target] -= (float) gradScale;
        }
    }
}
