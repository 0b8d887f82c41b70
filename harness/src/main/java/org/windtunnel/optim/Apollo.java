package org.windtunnel.optim;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.OptimizerKernels.Channels;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ProjectedSpec;
import org.windtunnel.config.UpdateRule;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.tensor.Allocator;
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
    private static final double NORM_EPS = 1e-8;

    private final ProjectedSpec spec;
    private final Backend backend;
    private final ParameterGroup group;
    private final Projections projections;
    private final Matrix[] matrices;
    private final double[] scalar = new double[1];
    private double lr;
    private long step;

    /** @throws ConfigException if a vector is assigned, or channel scaling meets another side than the smaller */
    Apollo(ProjectedSpec spec, Backend backend, ParameterGroup group, Projections projections, Allocator memory) {
        Matrices.require(group, UpdateRule.APOLLO);
        if (!spec.perTensor() && spec.side() != ProjectedSpec.Side.SMALLER) {
            throw new ConfigException("optimizer: channel scaling goes with side smaller, found "
                    + spec.side().name().toLowerCase(Locale.ROOT) + "; use apollo_mini for other sides");
        }
        this.spec = spec;
        this.backend = backend;
        this.group = group;
        this.projections = projections;
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
            weight = group.weight(k);
            gradient = group.gradient(k);
            projection = columnsCompressed ? memory.take(rank, columns) : memory.take(rows, rank);
            firstMoment = memory.take(reducedRows, reducedColumns);
            secondMoment = memory.take(reducedRows, reducedColumns);
            lastNorm = memory.take(1);
        }

        void workIn(Tensor projections, Tensor channelFactors) {
            projected = projections.slice(0, reducedRows, reducedColumns);
            factors = channelFactors.slice(0, channels.count(rows, columns));
        }

        void prepare(long step) {
            if ((step - 1) % spec.refresh() == 0) {
                projections.draw(group.spec(index).name(), step, rank, projection);
            }
        }

        void update(double scheduled, long step, double gradScale) {
            double squares = Double.NaN;
            if (onePass) {
                squares = backend.gemvSumOfSquares(!columnsCompressed, rows, columns, gradScale, gradient, projection, projected);
            } else if (columnsCompressed) {
                backend.gemm(false, true, rows, rank, columns, gradScale, gradient, columns, projection, columns, 0,
                        projected, rank);
            } else {
                backend.gemm(true, false, rank, columns, rows, gradScale, projection, rank, gradient, columns, 0,
                        projected, columns);
            }
            backend.projectedAdam(channels, reducedRows, reducedColumns, projected, firstMoment, secondMoment,
                    spec.beta1(), spec.beta2(), group.eps(index), factors);
            double limit = limit(step, gradScale, squares);
            double lr = group.lr(index, scheduled);
            double correction = spec.correctBias()
                    ? Math.sqrt(1 - Math.pow(spec.beta2(), step)) / (1 - Math.pow(spec.beta1(), step))
                    : 1;
            backend.scaledUpdate(channels, rows, columns, weight, gradient, factors,
                    lr * correction * gradScale * Math.sqrt(spec.scale()) / limit, 1 - lr * group.weightDecay(index));
        }

        /**
         * What the update is divided by so that its norm grows no faster than the limit; remembers the norm.
         *
         * @param squares of the gradient, where the projection has summed them
         */
        private double limit(long step, double gradScale, double squares) {
            double scaled;
            if (onePass) {
                factors.storage().read(factors.offset(), scalar, 0, 1);
                scaled = scalar[0] * Math.sqrt(squares);
            } else {
                scaled = Math.sqrt(backend.scaledSumOfSquares(channels, rows, columns, gradient, factors));
            }
            double norm = gradScale * (spec.scaleFront() ? Math.sqrt(spec.scale()) : 1) * scaled;
            double limit = 1;
            if (step > 1 && spec.growthLimit() > 0) {
                lastNorm.storage().read(lastNorm.offset(), scalar, 0, 1);
                limit = Math.max(norm / (scalar[0] + NORM_EPS), spec.growthLimit()) / spec.growthLimit();
            }
            scalar[0] = norm / limit;
            lastNorm.storage().write(lastNorm.offset(), scalar, 0, 1);
            return limit;
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
    public void prepare(double scheduled, long number) {
        lr = scheduled;
        step = number;
        for (Matrix matrix : matrices) {
            matrix.prepare(step);
        }
    }

    @Override
    public void update() {
        double gradScale = group.gradScale().item(0);
        for (Matrix matrix : matrices) {
            matrix.update(lr, step, gradScale);
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
