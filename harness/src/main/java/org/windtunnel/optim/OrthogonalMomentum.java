package org.windtunnel.optim;

import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.backend.Scalars;
import org.windtunnel.backend.Slices;
import org.windtunnel.config.MuonSpec.MomentumForm;
import org.windtunnel.config.NewtonSchulzCoefficients;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/**
 * Momentum of a group of matrices and its orthogonalised direction: b = μ b + c g with c = 1 - μ (moving average) or 1
 * (sum); Newton-Schulz of b, or with Nesterov of c g + μ b. State: the buffer, 1 element a parameter.
 */
final class OrthogonalMomentum {
    private final MomentumForm form;
    private final boolean nesterov;
    private final OptimizerKernels kernels;
    private final ParameterGroup group;
    private final Sink sink;
    private final int[][] members;
    private final NewtonSchulz.Batch[] batches;
    private final Tensor buffer;
    private final Slices[] buffers;
    private final Slices[] gradients;
    /** μ and c. */
    private final Scalars scalars;
    private final Tensor mu;
    private final Tensor share;
    /** Of the gradients, c · gradScale. */
    private final Tensor weight;

    /** Takes the directions of a batch of matrices. */
    interface Sink {
        /** @param directions of the members of {@code batch}, valid during the call */
        void accept(int batch, Slices directions);
    }

    OrthogonalMomentum(
            MomentumForm form,
            boolean nesterov,
            NewtonSchulzCoefficients coefficients,
            int steps,
            double eps,
            Backend backend,
            ParameterGroup group,
            Allocator memory,
            Sink sink) {
        this.form = form;
        this.nesterov = nesterov;
        this.kernels = Optimizers.kernels(backend);
        this.group = group;
        this.sink = sink;
        this.buffer = memory.take(group.size());
        this.scalars = new Scalars(2, memory);
        this.mu = scalars.slice(0, 1);
        this.share = scalars.slice(1, 1);
        this.weight = memory.take(DType.FLOAT64, 1);
        this.members = Matrices.batches(group);
        this.buffers = new Slices[members.length];
        this.gradients = new Slices[members.length];
        this.batches = new NewtonSchulz.Batch[members.length];
        int elements = 0;
        int squares = 0;
        for (int[] batch : members) {
            int rows = Matrices.rows(group.spec(batch[0]));
            int columns = Matrices.columns(group.spec(batch[0]));
            int side = Math.min(rows, columns);
            elements = Math.max(elements, Math.multiplyExact(batch.length, rows * columns));
            squares = Math.max(squares, Math.multiplyExact(batch.length, side * side));
        }
        NewtonSchulz newtonSchulz = new NewtonSchulz(coefficients, steps, eps, backend, elements, squares, memory);
        for (int b = 0; b < members.length; b++) {
            buffers[b] = group.states(buffer, members[b], memory);
            gradients[b] = group.gradients(members[b], memory);
            batches[b] = newtonSchulz.batch(members[b].length, Matrices.rows(group.spec(members[b][0])),
                    Matrices.columns(group.spec(members[b][0])));
        }
    }

    /** Members of the group, batch by batch. */
    int[][] batches() {
        return members;
    }

    /** @param momentum of the step, μ */
    void prepare(double momentum) {
        scalars.set(0, momentum);
        scalars.set(1, form == MomentumForm.EMA ? 1 - momentum : 1);
        scalars.send();
    }

    /** Takes in the gradients and hands out every batch's directions. */
    void update() {
        kernels.quotients(share, group.gradScale(), null, 1, 0, 0, weight);
        for (int b = 0; b < batches.length; b++) {
            Slices inputs = batches[b].inputs();
            if (!nesterov) {
                // What the buffers are about to be; copies would take a launch a matrix.
                kernels.combine(mu, buffers[b], weight, gradients[b], inputs);
            }
            kernels.combine(mu, buffers[b], weight, gradients[b], buffers[b]);
            if (nesterov) {
                kernels.combine(weight, gradients[b], mu, buffers[b], inputs);
            }
            batches[b].orthogonalize();
            sink.accept(b, batches[b].outputs());
        }
    }

    Map<String, Tensor> state() {
        return group.named("momentum_buffer", buffer);
    }
}
