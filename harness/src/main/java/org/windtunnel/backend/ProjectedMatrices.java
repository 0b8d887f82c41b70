package org.windtunnel.backend;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/**
 * Matrices that APOLLO (arXiv 2412.05270) updates in one call, with their state and numbers. State and scratch memory of
 * a matrix follow those of the matrix before without gaps; weights and gradients are parts of flat vectors.
 */
public final class ProjectedMatrices {
    /** Of each matrix: β1, β2, eps; base rate, front, amplitude, growth, first step; what decay leaves. */
    public static final int NUMBERS = 9;
    /** The limiter's numbers are those from here on. */
    public static final int LIMITER = 3;
    /** The last number. */
    public static final int KEEP = 8;
    /** Numbers in {@link #table} for each matrix. */
    public static final int ENTRY = 14;
    /** Rows, or in the other direction columns, that a group of a device's threads takes. */
    public static final int ROWS = 8;

    public static final int COLUMNS = 32;

    private final Matrix[] matrices;
    private final State state;
    private final Scratch scratch;
    private final Tensor weights;
    private final Tensor gradients;
    private final Tensor numbers;
    private final Tensor gradScale;
    private final boolean onePass;
    private final Tensor table;
    private final List<Products> products;
    private int factorBlocks;
    private int parts;
    private int blocks;

    /** What a scaling factor belongs to. */
    public enum Channels {
        ROWS,
        COLUMNS,
        ALL;

        /** Number of factors of a matrix. */
        public int count(int rows, int columns) {
            return switch (this) {
                case ROWS -> rows;
                case COLUMNS -> columns;
                case ALL -> 1;
            };
        }
    }

    /**
     * Of a matrix and its projection: R = G Pᵀ [rows, rank] with P [rank, columns] where columns are compressed, else
     * R = Pᵀ G [rank, columns] with P [rows, rank].
     */
    public record Shape(int rows, int columns, int rank, boolean columnsCompressed, Channels channels) {
        public int reducedRows() {
            return columnsCompressed ? rows : rank;
        }

        public int reducedColumns() {
            return columnsCompressed ? rank : columns;
        }

        /** Elements of the projected gradient. */
        public int reduced() {
            return Math.multiplyExact(reducedRows(), reducedColumns());
        }

        /** Elements of the projection. */
        public int projection() {
            return Math.multiplyExact(rank, columnsCompressed ? columns : rows);
        }

        /** Number of scaling factors. */
        public int factors() {
            return channels.count(rows, columns);
        }

        /** Rank 1 with one factor: the projection can read the gradient's norm off on its way. */
        public boolean onePass() {
            return rank == 1 && channels == Channels.ALL;
        }
    }

    /**
     * What is kept from step to step.
     *
     * @param projections P of every matrix
     * @param lastNorms of the updates, one a matrix
     */
    public record State(Tensor projections, Tensor firstMoments, Tensor secondMoments, Tensor lastNorms) {}

    /**
     * Memory for the length of a call.
     *
     * @param projected R of every matrix
     * @param squares FLOAT64, one a matrix, as are {@code rates}
     */
    public record Scratch(Tensor projected, Tensor factors, Tensor squares, Tensor rates) {}

    /**
     * One matrix with its views. {@code projected} and {@code factors} are the beginning of all: for a backend that takes
     * one matrix after the other, and finds them in its cache.
     */
    public record Matrix(
            Shape shape,
            Tensor weight,
            Tensor gradient,
            Tensor projection,
            Tensor firstMoment,
            Tensor secondMoment,
            Tensor lastNorm,
            Tensor projected,
            Tensor factors,
            Tensor moments,
            Tensor limiter,
            Tensor keep,
            Tensor squares,
            Tensor rate) {}

    /**
     * Matrices of one shape whose gradients, projections and projected gradients are evenly spaced.
     *
     * @param projected R of the first
     */
    public record Products(
            int first,
            int count,
            Tensor projected,
            long gradientStride,
            long projectionStride,
            long projectedStride) {}

    /**
     * @param memory of the table
     * @param weights of which those from number {@code first} on belong to {@code shapes}, as with {@code gradients}
     * @param numbers FLOAT64 [matrices · {@link #NUMBERS}]
     * @param gradScale factor on the gradients, FLOAT64 [1]
     * @throws IllegalArgumentException if only some of the matrices take one pass
     */
    public ProjectedMatrices(
            Allocator memory,
            List<Shape> shapes,
            Slices weights,
            Slices gradients,
            int first,
            State state,
            Scratch scratch,
            Tensor numbers,
            Tensor gradScale) {
        this.state = state;
        this.scratch = scratch;
        this.weights = weights.flat();
        this.gradients = gradients.flat();
        this.numbers = numbers;
        this.gradScale = gradScale;
        this.matrices = new Matrix[shapes.size()];
        this.onePass = !shapes.isEmpty() && shapes.get(0).onePass();
        this.table = memory.take(DType.INT32, shapes.size(), ENTRY);
        int[] entries = new int[table.intSize()];
        int projection = 0;
        int reduced = 0;
        int factor = 0;
        for (int k = 0; k < matrices.length; k++) {
            Shape shape = shapes.get(k);
            if (shape.onePass() != onePass) {
                throw new IllegalArgumentException("expected matrices that all take one pass, or none, found " + shapes);
            }
            matrices[k] = matrix(shape, k, weights.get(first + k), gradients.get(first + k), projection, reduced);
            fill(entries, k, projection, reduced, factor);
            projection = Math.addExact(projection, shape.projection());
            reduced = Math.addExact(reduced, shape.reduced());
            factor += shape.factors();
        }
        this.products = products(entries);
        if (table.storage() != null) {
            table.set(entries);
        }
    }

    private Matrix matrix(Shape shape, int k, Tensor weight, Tensor gradient, int projection, int reduced) {
        Shapes.atLeast(weight, (long) shape.rows * shape.columns);
        Shapes.atLeast(gradient, (long) shape.rows * shape.columns);
        int rows = shape.reducedRows();
        int columns = shape.reducedColumns();
        return new Matrix(
                shape,
                weight,
                gradient,
                shape.columnsCompressed
                        ? state.projections.slice(projection, shape.rank, shape.columns)
                        : state.projections.slice(projection, shape.rows, shape.rank),
                state.firstMoments.slice(reduced, rows, columns),
                state.secondMoments.slice(reduced, rows, columns),
                state.lastNorms.slice(k, 1),
                scratch.projected.slice(0, rows, columns),
                scratch.factors.slice(0, shape.factors()),
                numbers.slice((long) NUMBERS * k, LIMITER),
                numbers.slice((long) NUMBERS * k + LIMITER, KEEP - LIMITER),
                numbers.slice((long) NUMBERS * k + KEEP, 1),
                scratch.squares.slice(k, 1),
                scratch.rates.slice(k, 1));
    }

    private void fill(int[] entries, int k, int projection, int reduced, int factor) {
        Matrix m = matrices[k];
        Shape s = m.shape;
        int[] entry = {
            Math.toIntExact(m.weight.offset() - weights.offset()),
            Math.toIntExact(m.gradient.offset() - gradients.offset()),
            projection,
            reduced,
            factor,
            s.rows,
            s.columns,
            s.reducedRows(),
            s.reducedColumns(),
            s.columnsCompressed ? 1 : 0,
            s.channels.ordinal(),
            parts,
            factorBlocks,
            blocks
        };
        System.arraycopy(entry, 0, entries, ENTRY * k, ENTRY);
        int own = pieces((long) s.rows * s.columns, Slices.BLOCK);
        blocks = Math.addExact(blocks, own);
        parts = Math.addExact(parts, onePass ? lines(s.columnsCompressed, s) : own);
        factorBlocks = Math.addExact(factorBlocks, s.channels == Channels.ALL ? 1 : lines(s.channels == Channels.ROWS, s));
    }

    private static int lines(boolean rows, Shape shape) {
        return rows ? pieces(shape.rows, ROWS) : pieces(shape.columns, COLUMNS);
    }

    private static int pieces(long n, int each) {
        return Math.toIntExact((n + each - 1) / each);
    }

    /** Takes as many matrices together as one distance each allows, those of a kind from layer to layer say. */
    private List<Products> products(int[] entries) {
        Map<Integer, Integer> byGradient = new HashMap<>();
        for (int k = 0; k < matrices.length; k++) {
            byGradient.put(entries[ENTRY * k + 1], k);
        }
        boolean[] taken = new boolean[matrices.length];
        List<Products> found = new ArrayList<>();
        for (int k = 0; k < matrices.length; k++) {
            if (taken[k]) {
                continue;
            }
            Products best = products(entries, k, 1, new int[3]);
            for (int second = k + 1; second < matrices.length; second++) {
                Products run = run(entries, k, second, byGradient, taken);
                best = run.count > best.count ? run : best;
            }
            found.add(best);
            for (int i = 0; i < best.count; i++) {
                taken[byGradient.get(Math.toIntExact(entries[ENTRY * k + 1] + i * best.gradientStride))] = true;
            }
        }
        return found;
    }

    private Products run(int[] entries, int first, int second, Map<Integer, Integer> byGradient, boolean[] taken) {
        int[] strides = new int[3];
        for (int field = 0; field < strides.length; field++) {
            strides[field] = entries[ENTRY * second + 1 + field] - entries[ENTRY * first + 1 + field];
        }
        int count = 1;
        int last = first;
        Integer next = Math.min(strides[0], Math.min(strides[1], strides[2])) > 0 ? second : null;
        while (next != null && !taken[next] && matrices[next].shape.equals(matrices[first].shape)
                && entries[ENTRY * next + 2] - entries[ENTRY * last + 2] == strides[1]
                && entries[ENTRY * next + 3] - entries[ENTRY * last + 3] == strides[2]) {
            count++;
            last = next;
            next = byGradient.get(entries[ENTRY * last + 1] + strides[0]);
        }
        return products(entries, first, count, strides);
    }

    private Products products(int[] entries, int first, int count, int[] strides) {
        Shape s = matrices[first].shape;
        Tensor projected = scratch.projected.slice(entries[ENTRY * first + 3], s.reducedRows(), s.reducedColumns());
        return new Products(first, count, projected, strides[0], strides[1], strides[2]);
    }

    public int count() {
        return matrices.length;
    }

    public Matrix get(int k) {
        return matrices[k];
    }

    /** What the weights are parts of. */
    public Tensor weights() {
        return weights;
    }

    /** What the gradients are parts of. */
    public Tensor gradients() {
        return gradients;
    }

    public State state() {
        return state;
    }

    public Scratch scratch() {
        return scratch;
    }

    public Tensor numbers() {
        return numbers;
    }

    public Tensor gradScale() {
        return gradScale;
    }

    /** Whether the projections are vectors, and the norm of an update follows from the gradient's. */
    public boolean onePass() {
        return onePass;
    }

    /** The products of gradients and projections, in as few batches as there are strides. */
    public List<Products> products() {
        return products;
    }

    /**
     * INT32 [count, 14]: first elements in the flat vectors of weights, gradients, projections, projected gradients and
     * factors; rows and columns of the matrix and of its projected gradient; 1 where columns are compressed; the channels;
     * and of the matrices before, the numbers of {@link #parts}, {@link #factorBlocks} and {@link #blocks}.
     */
    public Tensor table() {
        return table;
    }

    /** Pieces that squares are added up in: those of {@link #ROWS} or {@link #COLUMNS} with one pass, else of elements. */
    public int parts() {
        return parts;
    }

    /** Pieces of rows or columns that factors are made for. */
    public int factorBlocks() {
        return factorBlocks;
    }

    /** Pieces of {@link Slices#BLOCK} elements. */
    public int blocks() {
        return blocks;
    }
}
