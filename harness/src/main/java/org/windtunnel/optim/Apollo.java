package org.windtunnel.optim;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.backend.OptimizerKernels.Channels;
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
    /** Of each matrix: β1, β2, eps; base rate, front, amplitude, growth, first step; what decay leaves. */
    private static final int NUMBERS = 9;
    private static final int LIMITER = 3;
    private static final int KEEP = 8;

    private final ProjectedSpec spec;
    private final OptimizerKernels kernels;
    private final ParameterGroup group;
    private final Projections projections;
    private final Matrix[] matrices;
    private final Scalars scalars;
    private final Tensor squares;
    private final Tensor rate;

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
        this.scalars = new Scalars(NUMBERS * group.count(), memory);
        this.squares = memory.take(DType.FLOAT64, 1);
        this.rate = memory.take(DType.FLOAT64, 1);
        this.matrices = new Matrix[group.count()];
        int largest = 0;
        int channels = 0;
        for (int k = 0; k < matrices.length; k++) {
            matrices[k] = new Matrix(k, memory);
            largest = Math.max(largest, matrices[k].reducedRows * matrices[k].reducedColumns);
            channels = Math.max(channels, matrices[k].channels.count(matrices[k].rows, matrices[k].columns));
        }
        Tensor projected = memory.take(largest);
        Tensor factors = memory.take(channels);
        for (Matrix matrix : matrices) {
            matrix.workIn(projected, factors);
        }
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

    /** One matrix with its state. */
    private final class Matrix {
        private final int index;
        private final int rows;
        private final int columns;
        private final int rank;
        private final boolean columnsCompressed;
        private final boolean onePass;
        private final Channels channels;
        private final int reducedRows;
        private final int reducedColumns;
        private final Tensor weight;
        private final Tensor gradient;
        private final Tensor projection;
        private final Tensor firstMoment;
        private final Tensor secondMoment;
        private final Tensor lastNorm;
        private final Tensor moments;
        private final Tensor limiter;
        private final Tensor keep;
        private Tensor projected;
        private Tensor factors;

        Matrix(int k, Allocator memory) {
            index = k;
            rows = Matrices.rows(group.spec(k));
            columns = Matrices.columns(group.spec(k));
            rank = spec.rank(rows, columns);
            columnsCompressed = columnsCompressed(spec, rows, columns);
            onePass = onePass(spec, group.spec(k));
            channels = spec.perTensor() ? Channels.ALL : rows >= columns ? Channels.ROWS : Channels.COLUMNS;
            reducedRows = columnsCompressed ? rows : rank;
            reducedColumns = columnsCompressed ? rank : columns;
            weight = group.weights().get(k);
            gradient = group.gradients().get(k);
            projection = columnsCompressed ? memory.take(rank, columns) : memory.take(rows, rank);
            firstMoment = memory.take(reducedRows, reducedColumns);
            secondMoment = memory.take(reducedRows, reducedColumns);
            lastNorm = memory.take(1);
            moments = scalars.slice(NUMBERS * k, LIMITER);
            limiter = scalars.slice(NUMBERS * k + LIMITER, KEEP - LIMITER);
            keep = scalars.slice(NUMBERS * k + KEEP, 1);
        }

        void workIn(Tensor projections, Tensor channelFactors) {
            projected = projections.slice(0, reducedRows, reducedColumns);
            factors = channelFactors.slice(0, channels.count(rows, columns));
        }

        void prepare(double scheduled, long step) {
            if ((step - 1) % spec.refresh() == 0) {
                projections.draw(group.spec(index).name(), step, rank, projection);
            }
            double lr = group.lr(index, scheduled);
            double correction = spec.correctBias()
                    ? Math.sqrt(1 - Math.pow(spec.beta2(), step)) / (1 - Math.pow(spec.beta1(), step))
                    : 1;
            int at = NUMBERS * index;
            scalars.set(at, spec.beta1());
            scalars.set(at + 1, spec.beta2());
            scalars.set(at + 2, group.eps(index));
            scalars.set(at + LIMITER, lr * correction);
            scalars.set(at + LIMITER + 1, spec.scaleFront() ? Math.sqrt(spec.scale()) : 1);
            scalars.set(at + LIMITER + 2, Math.sqrt(spec.scale()));
            scalars.set(at + LIMITER + 3, spec.growthLimit());
            scalars.set(at + LIMITER + 4, step == 1 ? 1 : 0);
            scalars.set(at + KEEP, 1 - lr * group.weightDecay(index));
        }

        void update() {
            Tensor gradScale = group.gradScale();
            if (onePass) {
                kernels.productAndSquares(
                        !columnsCompressed, rows, columns, gradScale, gradient, projection, projected, squares);
            } else if (columnsCompressed) {
                kernels.product(false, true, rows, rank, columns, gradScale, gradient, columns, projection, columns,
                        projected);
            } else {
                kernels.product(true, false, rank, columns, rows, gradScale, projection, rank, gradient, columns,
                        projected);
            }
            kernels.projectedAdam(
                    channels, reducedRows, reducedColumns, projected, firstMoment, secondMoment, moments, factors);
            if (!onePass) {
                kernels.scaledSquares(channels, rows, columns, gradient, factors, squares);
            }
            // The squares of the one pass are the gradient's, without its factor.
            kernels.limitedRate(limiter, squares, onePass ? factors : null, gradScale, lastNorm, rate);
            kernels.scaledUpdate(channels, rows, columns, weight, gradient, factors, rate, keep);
        }

        void put(Map<String, Tensor> state) {
            String name = group.spec(index).name();
            state.put(name + ".projection", projection);
            state.put(name + ".exp_avg", firstMoment);
            state.put(name + ".exp_avg_sq", secondMoment);
            state.put(name + ".last_norm", lastNorm);
        }
    }

    @Override
    public void prepare(double lr, long step) {
        for (Matrix matrix : matrices) {
            matrix.prepare(lr, step);
        }
        scalars.send();
    }

    @Override
    public void update() {
        for (Matrix matrix : matrices) {
            matrix.update();
        }
    }

    @Override
    public Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        for (Matrix matrix : matrices) {
            matrix.put(state);
        }
        return state;
    }
}
