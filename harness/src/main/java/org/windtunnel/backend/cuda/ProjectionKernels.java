package org.windtunnel.backend.cuda;

import org.windtunnel.backend.ProjectedMatrices;
import org.windtunnel.backend.ProjectedMatrices.Matrix;
import org.windtunnel.backend.ProjectedMatrices.Products;
import org.windtunnel.backend.ProjectedMatrices.Scratch;
import org.windtunnel.backend.ProjectedMatrices.Shape;
import org.windtunnel.backend.ProjectedMatrices.State;
import org.windtunnel.tensor.Tensor;

/** APOLLO's updates: all matrices in each launch, and in each product those that lie evenly spaced. */
final class ProjectionKernels {
    private final Calls calls;
    private final GemmKernels gemm;
    private final Workspace workspace;

    ProjectionKernels(Calls calls, GemmKernels gemm, Workspace workspace) {
        this.calls = calls;
        this.gemm = gemm;
        this.workspace = workspace;
    }

    void update(ProjectedMatrices all) {
        for (int i = 0; i < all.products().size() && !all.onePass(); i++) {
            product(all, all.products().get(i));
        }
        long partial = workspace.take((long) all.parts() * Double.BYTES);
        if (all.onePass()) {
            to("project_vectors", all)
                    .tensor(all.gradients())
                    .tensor(all.state().projections())
                    .tensor(all.scratch().projected())
                    .address(partial)
                    .grid(all.parts(), 1, 1);
        }
        factors(all);
        Tensor factors = all.scratch().factors();
        if (!all.onePass()) {
            to("scaled_squares", all)
                    .tensor(all.gradients())
                    .tensor(factors)
                    .address(partial)
                    .grid(all.parts(), 1, 1);
        }
        to("limited_rates", all)
                .int32(all.parts())
                .address(partial)
                .doubles(all.numbers())
                .tensor(all.onePass() ? factors : null)
                .doubles(all.gradScale())
                .tensor(all.state().lastNorms())
                .doubles(all.scratch().rates())
                .grid(all.count(), 1, 1);
        to("scaled_updates", all)
                .tensor(all.weights())
                .tensor(all.gradients())
                .tensor(factors)
                .doubles(all.scratch().rates())
                .doubles(all.numbers())
                .grid(all.blocks(), 1, 1);
    }

    private Calls to(String kernel, ProjectedMatrices all) {
        return calls.to(kernel).ints(all.table()).int32(all.count());
    }

    /** Unscaled: cuBLAS's alpha is a part of a recording, and the kernel after it scales what it reads. */
    private void product(ProjectedMatrices all, Products p) {
        Matrix first = all.get(p.first());
        Shape s = first.shape();
        int rank = s.rank();
        int columns = s.columns();
        if (s.columnsCompressed()) {
            gemm.gemm(false, true, s.rows(), rank, columns, 1, first.gradient(), columns, p.gradientStride(),
                    first.projection(), columns, p.projectionStride(), 0, p.projected(), rank, p.projectedStride(),
                    p.count());
        } else {
            gemm.gemm(true, false, rank, columns, s.rows(), 1, first.projection(), rank, p.projectionStride(),
                    first.gradient(), columns, p.gradientStride(), 0, p.projected(), columns, p.projectedStride(),
                    p.count());
        }
    }

    private void factors(ProjectedMatrices all) {
        State state = all.state();
        Scratch scratch = all.scratch();
        to("projected_factors", all)
                .tensor(scratch.projected())
                .tensor(state.firstMoments())
                .tensor(state.secondMoments())
                .doubles(all.numbers())
                .doubles(all.gradScale())
                .tensor(scratch.factors())
                .grid(all.factorBlocks(), 1, 1);
    }
}
