package org.windtunnel.optim;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.backend.ProjectedMatrices;
import org.windtunnel.backend.ProjectedMatrices.Channels;
import org.windtunnel.backend.ProjectedMatrices.Matrix;
import org.windtunnel.backend.ProjectedMatrices.Scratch;
import org.windtunnel.backend.ProjectedMatrices.Shape;
import org.windtunnel.backend.ProjectedMatrices.State;
import org.windtunnel.backend.Scalars;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ProjectedSpec;
import org.windtunnel.config.UpdateRule;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/**
 * APOLLO and APOLLO-Mini (Zhu et al., arXiv 2412.05270): the gradient scaled, by channel or as a whole, by what Adam
 * would do to a random projection of it; its growth limited as in Fira; decay after the update.
 *
 * <p>State of an m×n matrix at rank r: both moments of the projected gradient, 2·r·max(m, n) if the smaller dimension is
 * compressed, the projection, r·min(m, n), and the norm of the last update. The official code has one number more, each
 * projection's seed; here projections follow from the run's seed, the name and the step.
 */
final class Apollo implements Updater {
    private final ProjectedSpec spec;
    private final OptimizerKernels kernels;
    private final ParameterGroup group;
    private final Projections projections;
    private final Scalars scalars;
    private final ProjectedMatrices[] batches;
    private final Matrix[] matrices;

    /** @throws ConfigException if a vector is assigned, or channel scaling meets another side than the smaller */
    Apollo(ProjectedSpec spec, OptimizerKernels kernels, ParameterGroup group, Projections projections, Allocator memory) {
        Matrices.require(group, UpdateRule.APOLLO);
        if (!spec.perTensor() && spec.side() != ProjectedSpec.Side.SMALLER) {
            throw new ConfigException("optimizer: channel scaling goes with side smaller, found "
                    + spec.side().name().toLowerCase(Locale.ROOT) + "; use apollo_mini for other sides");
        }
        this.spec = spec;
        this.kernels = kernels;
        this.group = group;
        this.projections = projections;
        this.scalars = new Scalars(ProjectedMatrices.NUMBERS * group.count(), memory);
        int[][] members = Matrices.stretches(group);
        this.batches = new ProjectedMatrices[members.length];
        this.matrices = new Matrix[group.count()];
        Scratch scratch = scratch(members, memory);
        for (int b = 0; b < members.length; b++) {
            batches[b] = batch(members[b], scratch, memory);
        }
    }

    private Shape shape(int k) {
        int rows = Matrices.rows(group.spec(k));
        int columns = Matrices.columns(group.spec(k));
        Channels channels = spec.perTensor() ? Channels.ALL : rows >= columns ? Channels.ROWS : Channels.COLUMNS;
        return new Shape(rows, columns, spec.rank(rows, columns), columnsCompressed(spec, rows, columns), channels);
    }

    /** Enough for any of the batches. */
    private Scratch scratch(int[][] members, Allocator memory) {
        int projected = 0;
        int factors = 0;
        int count = 0;
        for (int[] batch : members) {
            projected = Math.max(projected, sum(batch, Shape::reduced));
            factors = Math.max(factors, sum(batch, Shape::factors));
            count = Math.max(count, batch.length);
        }
        return new Scratch(memory.take(projected), memory.take(factors), memory.take(DType.FLOAT64, count),
                memory.take(DType.FLOAT64, count));
    }

    private int sum(int[] batch, ToIntFunction<Shape> elements) {
        int sum = 0;
        for (int k : batch) {
            sum = Math.addExact(sum, elements.applyAsInt(shape(k)));
        }
        return sum;
    }

    private ProjectedMatrices batch(int[] members, Scratch scratch, Allocator memory) {
        int moments = sum(members, Shape::reduced);
        State state = new State(memory.take(sum(members, Shape::projection)), memory.take(moments),
                memory.take(moments), memory.take(members.length));
        int first = members[0];
        ProjectedMatrices batch = new ProjectedMatrices(
                memory,
                IntStream.of(members).mapToObj(this::shape).toList(),
                group.weights(),
                group.gradients(),
                first,
                state,
                scratch,
                scalars.slice(ProjectedMatrices.NUMBERS * first, ProjectedMatrices.NUMBERS * members.length),
                group.gradScale());
        for (int i = 0; i < members.length; i++) {
            matrices[first + i] = batch.get(i);
        }
        return batch;
    }

    /** Elements of state of a matrix. */
    static long stateElements(ProjectedSpec spec, int rows, int columns) {
        long rank = spec.rank(rows, columns);
        boolean compressed = columnsCompressed(spec, rows, columns);
        return 2 * rank * (compressed ? rows : columns) + rank * (compressed ? columns : rows) + 1;
    }

    /** Rank 1 with one factor: the projection can read the gradient's norm off on its way. */
    static boolean onePass(ProjectedSpec spec, ParamSpec p) {
        return spec.perTensor() && spec.rank(Matrices.rows(p), Matrices.columns(p)) == 1;
    }

    private static boolean columnsCompressed(ProjectedSpec spec, int rows, int columns) {
        return switch (spec.side()) {
            case SMALLER -> rows >= columns;
            case LARGER -> rows < columns;
            case COLUMNS -> true;
            case ROWS -> false;
        };
    }

    @Override
    public void prepare(double scheduled, long step) {
        for (int k = 0; k < matrices.length; k++) {
            if ((step - 1) % spec.refresh() == 0) {
                projections.draw(group.spec(k).name(), step, matrices[k].shape().rank(), matrices[k].projection());
            }
            setNumbers(k, group.lr(k, scheduled), step);
        }
        scalars.send();
    }

    private void setNumbers(int k, double lr, long step) {
        double correction = spec.correctBias()
                ? Math.sqrt(1 - Math.pow(spec.beta2(), step)) / (1 - Math.pow(spec.beta1(), step))
                : 1;
        int at = ProjectedMatrices.NUMBERS * k;
        scalars.set(at, spec.beta1());
        scalars.set(at + 1, spec.beta2());
        scalars.set(at + 2, group.eps(k));
        int limiter = at + ProjectedMatrices.LIMITER;
        scalars.set(limiter, lr * correction);
        scalars.set(limiter + 1, spec.scaleFront() ? Math.sqrt(spec.scale()) : 1);
        scalars.set(limiter + 2, Math.sqrt(spec.scale()));
        scalars.set(limiter + 3, spec.growthLimit());
        scalars.set(limiter + 4, step == 1 ? 1 : 0);
        scalars.set(at + ProjectedMatrices.KEEP, 1 - lr * group.weightDecay(k));
    }

    @Override
    public void update() {
        for (int b = 0; b < batches.length; b++) {
            kernels.projectedUpdate(batches[b]);
        }
    }

    @Override
    public Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        for (int k = 0; k < matrices.length; k++) {
            String name = group.spec(k).name();
            state.put(name + ".projection", matrices[k].projection());
            state.put(name + ".exp_avg", matrices[k].firstMoment());
            state.put(name + ".exp_avg_sq", matrices[k].secondMoment());
            state.put(name + ".last_norm", matrices[k].lastNorm());
        }
        return state;
    }
}
