package org.windtunnel.nn;

import org.windtunnel.backend.ImageKernels;
import org.windtunnel.backend.ImageKernels.Epilogue;
import org.windtunnel.nn.ResNetShape.BlockShape;
import org.windtunnel.tensor.Tensor;

/** What may happen to a branch before it joins the stream: squeeze and excitation, drop path. */
final class BranchEnd {
    private final ImageKernels kernels;
    private final int batch;
    private final SqueezeExcitation squeeze;
    /** Null without drop path. */
    private final Tensor factors;
    private final Tensor branch;
    private final Tensor gated;

    /** @param branch what the branch puts out */
    private BranchEnd(ImageWiring w, BlockShape b, Tensor branch) {
        boolean squeezes = w.shape().squeezeRatio() > 0;
        this.kernels = w.kernels();
        this.batch = w.batch();
        this.squeeze = squeezes ? new SqueezeExcitation(w, b) : null;
        this.factors = w.dropPath() == null ? null : w.dropPath().factors(b.index());
        this.branch = branch;
        this.gated = squeezes ? w.memory().take(branch.shape()) : branch;
    }

    /** Null for a branch that joins as it is. */
    static BranchEnd of(ImageWiring w, BlockShape b, Tensor branch) {
        return exists(w.shape()) ? new BranchEnd(w, b, branch) : null;
    }

    /** Whether a network of this shape has branch ends. */
    static boolean exists(ResNetShape s) {
        return s.squeezeRatio() > 0 || s.dropPath() > 0;
    }

    void forward(Epilogue epilogue, Tensor y, boolean training) {
        if (squeeze != null) {
            squeeze.forward(branch, gated);
        }
        kernels.shiftForward(batch, gated, null, training ? factors : null, epilogue, y);
    }

    /** d becomes the gradient of the skip, and dBranch is overwritten with that of the branch. */
    void backward(Epilogue epilogue, Tensor y, Tensor d, Tensor dBranch, boolean accumulate) {
        kernels.shiftBackward(batch, factors, epilogue, y, d, dBranch, d, false, null, false);
        if (squeeze != null) {
            squeeze.backward(branch, dBranch, accumulate);
        }
    }
}
