package org.windtunnel.backend;

import java.util.ArrayList;
import java.util.List;
import org.windtunnel.backend.ProjectedMatrices.Channels;
import org.windtunnel.backend.ProjectedMatrices.Scratch;
import org.windtunnel.backend.ProjectedMatrices.Shape;
import org.windtunnel.backend.ProjectedMatrices.State;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/** Random cases of APOLLO's updates: several shapes at once, some of which come again at even distances. */
final class ProjectedCases {
    private static final int LAYERS = 2;
    private static final int GAP = 3;
    private static final int STEPS = 2;

    /** Base, front, amplitude and growth of the limiter, and whether the first step is a run's. */
    private static final double[][] LIMITERS = {{0.1, 1, 2, 1.01, 0}, {0.2, 3, 1, 1.01, 1}, {0.1, 3, 1, 0, 0}};

    private ProjectedCases() {}

    static void addTo(List<KernelCase> cases, long seed, boolean large) {
        for (Kind kind : Kind.values()) {
            cases.add(updates(new CaseDraws(seed, "projected" + kind, large), kind));
        }
    }

    /** What matrices are projected to, and how they are scaled. */
    private enum Kind {
        BY_CHANNEL,
        VECTORS,
        TENSOR
    }

    private static List<Shape> shapes(CaseDraws r, Kind kind) {
        int rows = r.size();
        int columns = r.size();
        int rank = kind == Kind.VECTORS ? 1 : 1 + r.below(Math.min(rows, columns));
        List<Shape> shapes = new ArrayList<>();
        for (int layer = 0; layer < LAYERS; layer++) {
            shapes.add(shape(rows, columns, rank, kind));
            shapes.add(shape(columns, rows, rank, kind));
            shapes.add(shape(rows, columns, rank, kind));
            shapes.add(shape(rows, 1, 1, kind == Kind.TENSOR ? Kind.BY_CHANNEL : kind));
        }
        return shapes;
    }

    private static Shape shape(int rows, int columns, int rank, Kind kind) {
        Channels channels = kind != Kind.BY_CHANNEL ? Channels.ALL : rows >= columns ? Channels.ROWS : Channels.COLUMNS;
        return new Shape(rows, columns, rank, rows >= columns, channels);
    }

    private static int elements(Shape shape) {
        return shape.rows() * shape.columns();
    }

    private static KernelCase updates(CaseDraws r, Kind kind) {
        List<Shape> drawn = shapes(r, kind);
        // A tensor of rank 1 would take one pass, the others not.
        List<Shape> shapes = kind == Kind.TENSOR && drawn.get(0).rank() == 1
                ? drawn.stream().map(s -> shape(s.rows(), s.columns(), 1, Kind.BY_CHANNEL)).toList()
                : drawn;
        int n = shapes.stream().mapToInt(s -> elements(s) + GAP).sum();
        int reduced = shapes.stream().mapToInt(Shape::reduced).sum();
        double[] w = r.normal(n);
        double[] p = r.normal(shapes.stream().mapToInt(Shape::projection).sum());
        double[] m = r.normal(reduced);
        double[] v = r.uniform(reduced, 0.1, 1);
        double[] last = r.uniform(shapes.size(), 0.1, 9);
        double[][] gradients = {r.normal(n), r.normal(n)};
        return new KernelCase("projected " + kind + " " + shapes.subList(0, shapes.size() / LAYERS), (t, out) -> {
            Tensor tw = t.of(w);
            Tensor tg = t.of(gradients[0]);
            State state = new State(t.of(p), t.of(m), t.of(v), t.of(last));
            Scratch scratch = new Scratch(t.garbage(reduced),
                    t.garbage(shapes.stream().mapToInt(Shape::factors).sum()),
                    t.memory().take(DType.FLOAT64, shapes.size()), t.memory().take(DType.FLOAT64, shapes.size()));
            Scalars numbers = new Scalars(ProjectedMatrices.NUMBERS * shapes.size(), t.memory());
            ProjectedMatrices all = new ProjectedMatrices(t.memory(), shapes, views(t, tw, shapes),
                    views(t, tg, shapes), 1, state, scratch, numbers.tensor(), t.number(0.7));
            for (int step = 0; step < STEPS; step++) {
                tg.set(gradients[step]);
                setNumbers(numbers, shapes.size(), step);
                t.backend().optimizerKernels().projectedUpdate(all);
            }
            out.put("w", tw.toDoubles());
            out.put("first moment", state.firstMoments().toDoubles());
            out.put("second moment", state.secondMoments().toDoubles());
            out.put("last norms", state.lastNorms().toDoubles());
        });
    }

    private static void setNumbers(Scalars numbers, int count, int step) {
        for (int k = 0; k < count; k++) {
            int at = ProjectedMatrices.NUMBERS * k;
            numbers.set(at, 0.9 - 0.01 * k);
            numbers.set(at + 1, 0.99);
            numbers.set(at + 2, 1e-6);
            double[] limiter = LIMITERS[k % LIMITERS.length];
            for (int i = 0; i < limiter.length; i++) {
                numbers.set(at + ProjectedMatrices.LIMITER + i, i == 4 && step > 0 ? 0 : limiter[i]);
            }
            numbers.set(at + ProjectedMatrices.KEEP, 0.9 + 0.01 * k);
        }
        numbers.send();
    }

    /** The matrices from number 1 on, each with a gap behind it; number 0 belongs to nobody. */
    private static Slices views(TestTensors t, Tensor flat, List<Shape> shapes) {
        Tensor[] views = new Tensor[shapes.size() + 1];
        views[0] = flat.slice(0, 1);
        int at = 0;
        for (int k = 0; k < shapes.size(); k++) {
            views[k + 1] = flat.slice(at, shapes.get(k).rows(), shapes.get(k).columns());
            at += elements(shapes.get(k)) + GAP;
        }
        return new Slices(t.memory(), flat, views);
    }
}
