package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.backend.BranchSum;
import org.windtunnel.tensor.Tensor;

/**
 * Where a branch joins the residual stream, and the stream is normalised for what follows. Either the branch's last
 * product adds to a copy of the stream, or, on a backend that does both in one pass, the norm adds what the product
 * left.
 */
final class Junction {
    private final Backend backend;
    private final boolean fused;
    private final Linear last;
    private final Tensor before;
    private final Tensor branch;
    private final Tensor after;

    /**
     * @param last the branch's last layer
     * @param before [N, D], the stream
     * @param after [N, D], the stream with the branch's output
     */
    Junction(Wiring w, Linear last, Tensor before, Tensor after) {
        this.backend = w.backend();
        this.fused = backend != null && backend.fusesBranchSums();
        this.last = last;
        this.before = before;
        this.branch = w.branch(w.shape().width());
        this.after = after;
    }

    /**
     * Ends the branch; {@link #normalise} has to follow before scratch memory is used again.
     *
     * @param x what goes into the last layer
     */
    void add(Tensor x) {
        if (fused) {
            last.product(x, branch);
        } else {
            backend.copy(before, after);
            last.addTo(x, after);
        }
    }

    /** y = norm(the stream), which is whole from then on. */
    void normalise(Norm norm, Tensor y) {
        if (fused) {
            norm.forward(new BranchSum(before, branch, last.branchBias(), after), y);
        } else {
            norm.forward(after, y);
        }
    }
}
