package org.windtunnel.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.MuonSpec.MomentumForm;
import org.windtunnel.config.NewtonSchulzCoefficients;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/**
 * Momentum of a group of matrices and its orthogonalised direction: b = μ b + c g with c = 1 - μ (moving average) or 1
 * (sum); Newton-Schulz of b, or with Nesterov of c g + μ b. State: the buffer, 1 element a parameter.
 */
final class OrthogonalMomentum {
    private final MomentumForm form;
    private final boolean nesterov;
    private final Backend backend;
    private final ParameterGroup group;
    private final Sink sink;
    private final Tensor buffer;
    private final Tensor[] buffers;
    private final Tensor[] gradients;
    private final List<NewtonSchulz.Batch> batches = new ArrayList<>();
    private final int[][] members;
    private double momentum;

    /** Takes each matrix's direction. */
    interface Sink {
        /** @param direction of member {@code k}, valid during the call */
        void accept(int k, Tensor direction);
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
        this.backend = backend;
        this.group = group;
        this.sink = sink;
        this.buffer = memory.take(group.size());
        this.buffers = new Tensor[group.count()];
        this.gradients = new Tensor[group.count()];
        for (int k = 0; k < group.count(); k++) {
            buffers[k] = group.state(buffer, k);
            gradients[k] = group.gradient(k);
        }
        List<List<Integer>> cut = Matrices.batches(group);
        int elements = 0;
        int squares = 0;
        for (List<Integer> batch : cut) {
            int rows = Matrices.rows(group.spec(batch.get(0)));
            int columns = Matrices.columns(group.spec(batch.get(0)));
            int side = Math.min(rows, columns);
            elements = Math.max(elements, Math.multiplyExact(batch.size(), rows * columns));
            squares = Math.max(squares, Math.multiplyExact(batch.size(), side * side));
        }
        NewtonSchulz newtonSchulz = new NewtonSchulz(coefficients, steps, eps, backend, elements, squares, memory);
        this.members = new int[cut.size()][];
        for (int b = 0; b < members.length; b++) {
            members[b] = cut.get(b).stream().mapToInt(k -> k).toArray();
            batches.add(newtonSchulz.batch(members[b].length, Matrices.rows(group.spec(members[b][0])),
                    Matrices.columns(group.spec(members[b][0]))));
        }
    }

    /** @param mu momentum of the step */
    void prepare(double mu) {
        momentum = mu;
    }

    /** Takes in the gradients and hands out every member's direction. */
    void update() {
        double gradScale = group.gradScale().item(0);
        double share = form == MomentumForm.EMA ? 1 - momentum : 1;
        for (int b = 0; b < members.length; b++) {
            NewtonSchulz.Batch batch = batches.get(b);
            for (int i = 0; i < members[b].length; i++) {
                int k = members[b][i];
                backend.combine(momentum, buffers[k], share * gradScale, gradients[k], buffers[k]);
                if (nesterov) {
                    backend.combine(share * gradScale, gradients[k], momentum, buffers[k], batch.input(i));
                } else {
                    backend.copy(buffers[k], batch.input(i));
                }
            }
            batch.orthogonalize();
            for (int i = 0; i < members[b].length; i++) {
                sink.accept(members[b][i], batch.output(i));
            }
        }
    }

    Map<String, Tensor> state() {
        return group.named("momentum_buffer", buffer);
    }
}
