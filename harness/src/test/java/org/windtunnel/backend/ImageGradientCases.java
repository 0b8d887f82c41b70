package org.windtunnel.backend;

import java.util.ArrayList;
import java.util.List;
import org.windtunnel.backend.ImageKernels.Epilogue;
import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/** Forward/backward pairs of the convolutional kernels, on small odd shapes. */
final class ImageGradientCases {
    private static final double EPS = 1e-5;

    private final Rng rng;
    private final List<GradientCase> cases = new ArrayList<>();
    private int draws;

    private ImageGradientCases(long seed) {
        this.rng = new Rng(seed, Rng.stream("image-gradient-cases"));
    }

    static List<GradientCase> all(long seed) {
        ImageGradientCases g = new ImageGradientCases(seed);
        g.convolution(new WindowShape(2, 5, 4, 3, 4, 3, 1, 1), 1);
        g.convolution(new WindowShape(2, 7, 6, 2, 3, 3, 2, 1), 0.5);
        g.convolution(new WindowShape(1, 5, 5, 3, 2, 1, 2, 0), 1);
        g.convolution(new WindowShape(2, 3, 4, 5, 3, 1, 1, 0), -2);
        g.convolution(new WindowShape(1, 9, 8, 1, 2, 7, 2, 3), 1);
        g.convolution(new WindowShape(1, 6, 7, 2, 2, 5, 3, 0), 1);
        g.convolution(new WindowShape(1, 4, 4, 2, 17, 3, 1, 1), 1);
        g.convolution(new WindowShape(1, 8, 5, 2, 2, 3, 1, 1), 1);
        g.convolution(new WindowShape(1, 9, 3, 1, 2, 3, 1, 1), 1);
        for (boolean epilogue : new boolean[] {false, true}) {
            g.batchNorm(2, 6, 5, epilogue);
            g.groupNorm(2, 6, 6, 3, epilogue);
            g.groupNorm(3, 4, 5, 1, epilogue);
            g.shift(2, 5, 3, epilogue);
        }
        g.gate(2, 6, 5);
        g.globalAverage(3, 7, 4);
        g.averagePool(new WindowShape(2, 4, 6, 3, 3, 2, 2, 0));
        g.averagePool(new WindowShape(1, 5, 5, 2, 2, 3, 2, 1));
        g.maxPool(new WindowShape(2, 5, 7, 3, 3, 3, 2, 1));
        g.maxPool(new WindowShape(1, 4, 4, 2, 2, 2, 2, 0));
        g.channelsLast(2, 3, 5);
        return g.cases;
    }

    private void add(
            String name,
            String inputs,
            double[][] values,
            GradientCases.Forward forward,
            GradientCases.Backward backward) {
        cases.add(new GradientCases.Case(name, inputs.split(" "), values, forward, backward));
    }

    private double[] normal(int count) {
        return TestTensors.normal(rng, draws++, count);
    }

    /** Far from zero, of either sign: a ReLU after adding it never has its kink within a step. */
    private double[] decisive(int count) {
        double[] values = normal(count);
        for (int i = 0; i < count; i++) {
            values[i] += values[i] < 0 ? -16 : 16;
        }
        return values;
    }

    private void convolution(WindowShape s, double alpha) {
        int[] images = {s.batch(), s.height(), s.width(), s.in()};
        int[] outs = {s.batch(), s.outHeight(), s.outWidth(), s.out()};
        int[] filters = {s.out(), s.in(), s.kernel(), s.kernel()};
        add("convolution " + s, "x filters",
                new double[][] {normal((int) Tensor.sizeOf(images)), normal((int) Tensor.sizeOf(filters))},
                (t, v) -> {
                    Tensor y = t.garbage(outs);
                    t.backend().images().convolutionForward(
                            s, alpha, t.of(v[0], images), t.of(v[1], filters), false, y);
                    return y.toDoubles();
                },
                (t, v, dOut) -> {
                    Tensor dx = t.garbage(images);
                    Tensor dFilters = t.garbage(filters);
                    t.backend().images().convolutionBackward(s, alpha, t.of(v[0], images), t.of(v[1], filters),
                            t.of(dOut, outs), dx, false, dFilters, false);
                    return new double[][] {dx.toDoubles(), dFilters.toDoubles()};
                });
    }

    /** Inputs of a norm with what follows it: x, gain, bias and, with an epilogue, the skip. */
    private double[][] normInputs(int rows, int c, boolean epilogue) {
        return epilogue
                ? new double[][] {normal(rows * c), normal(c), normal(c), decisive(rows * c)}
                : new double[][] {normal(rows * c), normal(c), normal(c)};
    }

    private static Epilogue epilogue(TestTensors t, double[][] v, int rows, int c) {
        return v.length == 4 ? new Epilogue(0.5, t.of(v[3], rows, c), true) : new Epilogue(1.5, null, false);
    }

    private static double[][] gradients(Tensor dSkip, Tensor... others) {
        double[][] found = new double[others.length + (dSkip == null ? 0 : 1)][];
        for (int i = 0; i < others.length; i++) {
            found[i] = others[i].toDoubles();
        }
        if (dSkip != null) {
            found[others.length] = dSkip.toDoubles();
        }
        return found;
    }

    private void batchNorm(int batch, int pixels, int c, boolean withEpilogue) {
        int rows = batch * pixels;
        add("batch norm [" + rows + ", " + c + "]" + (withEpilogue ? " with skip and ReLU" : ""),
                "x gain bias skip", normInputs(rows, c, withEpilogue),
                (t, v) -> {
                    Tensor y = t.garbage(rows, c);
                    t.backend().images().batchNormForward(t.of(v[0], rows, c), t.of(v[1]), t.of(v[2]), EPS,
                            t.garbage(2, c), null, null, 0, epilogue(t, v, rows, c), y);
                    return y.toDoubles();
                },
                (t, v, dOut) -> {
                    Tensor x = t.of(v[0], rows, c);
                    Tensor y = t.garbage(rows, c);
                    Tensor stats = t.garbage(2, c);
                    Epilogue e = epilogue(t, v, rows, c);
                    t.backend().images().batchNormForward(
                            x, t.of(v[1]), t.of(v[2]), EPS, stats, null, null, 0, e, y);
                    Tensor dx = t.garbage(rows, c);
                    Tensor dSkip = withEpilogue ? t.garbage(rows, c) : null;
                    Tensor dGain = t.garbage(c);
                    Tensor dBias = t.garbage(c);
                    t.backend().images().batchNormBackward(x, t.of(v[1]), stats, e, y, t.of(dOut, rows, c), dx, dSkip,
                            false, dGain, dBias, false);
                    return gradients(dSkip, dx, dGain, dBias);
                });
    }

    private void groupNorm(int batch, int pixels, int c, int groups, boolean withEpilogue) {
        int rows = batch * pixels;
        String name = "group norm [" + batch + ", " + pixels + ", " + c + "] in " + groups;
        add(
                name + (withEpilogue ? " with skip and ReLU" : ""),
                "x gain bias skip",
                normInputs(rows, c, withEpilogue),
                (t, v) -> {
                    Tensor y = t.garbage(rows, c);
                    t.backend()
                            .images()
                            .groupNormForward(
                                    batch,
                                    groups,
                                    t.of(v[0], rows, c),
                                    t.of(v[1]),
                                    t.of(v[2]),
                                    EPS,
                                    t.garbage(batch, groups, 2),
                                    epilogue(t, v, rows, c),
                                    y);
                    return y.toDoubles();
                },
                (t, v, dOut) -> {
                    Tensor x = t.of(v[0], rows, c);
                    Tensor y = t.garbage(rows, c);
                    Tensor stats = t.garbage(batch, groups, 2);
                    Epilogue e = epilogue(t, v, rows, c);
                    t.backend().images().groupNormForward(batch, groups, x, t.of(v[1]), t.of(v[2]), EPS, stats, e, y);
                    Tensor dx = t.garbage(rows, c);
                    Tensor dSkip = withEpilogue ? t.garbage(rows, c) : null;
                    Tensor dGain = t.garbage(c);
                    Tensor dBias = t.garbage(c);
                    t.backend()
                            .images()
                            .groupNormBackward(
                                    batch,
                                    groups,
                                    x,
                                    t.of(v[1]),
                                    stats,
                                    e,
                                    y,
                                    t.of(dOut, rows, c),
                                    dx,
                                    dSkip,
                                    false,
                                    dGain,
                                    dBias,
                                    false);
                    return gradients(dSkip, dx, dGain, dBias);
                });
    }

    private void shift(int batch, int pixels, int c, boolean withEpilogue) {
        int rows = batch * pixels;
        double[] factors = normal(batch);
        double[][] in = withEpilogue
                ? new double[][] {normal(rows * c), normal(c), decisive(rows * c)}
                : new double[][] {normal(rows * c), normal(c)};
        add("shift [" + batch + ", " + pixels + ", " + c + "]" + (withEpilogue ? " with factors, skip and ReLU" : ""),
                "x bias skip", in,
                (t, v) -> {
                    Tensor y = t.garbage(rows, c);
                    t.backend().images().shiftForward(batch, t.of(v[0], rows, c), t.of(v[1]),
                            withEpilogue ? t.of(factors) : null, shiftEpilogue(t, v, rows, c), y);
                    return y.toDoubles();
                },
                (t, v, dOut) -> {
                    Tensor y = t.garbage(rows, c);
                    Tensor factor = withEpilogue ? t.of(factors) : null;
                    Epilogue e = shiftEpilogue(t, v, rows, c);
                    t.backend().images().shiftForward(batch, t.of(v[0], rows, c), t.of(v[1]), factor, e, y);
                    Tensor dx = t.garbage(rows, c);
                    Tensor dSkip = withEpilogue ? t.garbage(rows, c) : null;
                    Tensor dBias = t.garbage(c);
                    t.backend().images().shiftBackward(
                            batch, factor, e, y, t.of(dOut, rows, c), dx, dSkip, false, dBias, false);
                    return gradients(dSkip, dx, dBias);
                });
    }

    private static Epilogue shiftEpilogue(TestTensors t, double[][] v, int rows, int c) {
        return v.length == 3 ? new Epilogue(-0.5, t.of(v[2], rows, c), true) : Epilogue.NONE;
    }

    private void gate(int batch, int pixels, int c) {
        add("gate", "x gates", new double[][] {normal(batch * pixels * c), normal(batch * c)},
                (t, v) -> {
                    Tensor y = t.garbage(batch, pixels, c);
                    t.backend().images().gateForward(batch, t.of(v[0], batch, pixels, c), t.of(v[1], batch, c), y);
                    return y.toDoubles();
                },
                (t, v, dOut) -> {
                    Tensor dx = t.garbage(batch, pixels, c);
                    Tensor dGates = t.garbage(batch, c);
                    t.backend().images().gateBackward(batch, t.of(v[0], batch, pixels, c), t.of(v[1], batch, c),
                            t.of(dOut, batch, pixels, c), dx, dGates);
                    return new double[][] {dx.toDoubles(), dGates.toDoubles()};
                });
    }

    private void globalAverage(int batch, int pixels, int c) {
        add("global average", "x", new double[][] {normal(batch * pixels * c)},
                (t, v) -> {
                    Tensor y = t.garbage(batch, c);
                    t.backend().images().globalAverageForward(batch, t.of(v[0], batch, pixels, c), y);
                    return y.toDoubles();
                },
                (t, v, dOut) -> {
                    Tensor dx = t.garbage(batch, pixels, c);
                    t.backend().images().globalAverageBackward(batch, t.of(dOut, batch, c), dx, false);
                    return new double[][] {dx.toDoubles()};
                });
    }

    private void averagePool(WindowShape s) {
        int[] images = {s.batch(), s.height(), s.width(), s.in()};
        int[] outs = {s.batch(), s.outHeight(), s.outWidth(), s.out()};
        add("average pool " + s, "x", new double[][] {normal((int) Tensor.sizeOf(images))},
                (t, v) -> {
                    Tensor y = t.garbage(outs);
                    t.backend().images().averagePoolForward(s, t.of(v[0], images), y);
                    return y.toDoubles();
                },
                (t, v, dOut) -> {
                    Tensor dx = t.garbage(images);
                    t.backend().images().averagePoolBackward(s, t.of(dOut, outs), dx, false);
                    return new double[][] {dx.toDoubles()};
                });
    }

    private void maxPool(WindowShape s) {
        int[] images = {s.batch(), s.height(), s.width(), s.in()};
        int[] outs = {s.batch(), s.outHeight(), s.outWidth(), s.out()};
        int n = (int) Tensor.sizeOf(images);
        double[] x = new double[n];
        for (int i = 0; i < n; i++) {
            // A permutation: winners lead by at least 1, more than any step.
            x[i] = (i * 7919L + 13) % n - n / 2;
        }
        add("max pool " + s, "x", new double[][] {x},
                (t, v) -> {
                    Tensor y = t.garbage(outs);
                    t.backend().images().maxPoolForward(s, t.of(v[0], images), y, t.ints(new int[y.intSize()]));
                    return y.toDoubles();
                },
                (t, v, dOut) -> {
                    Tensor y = t.garbage(outs);
                    Tensor winners = t.ints(new int[y.intSize()]);
                    t.backend().images().maxPoolForward(s, t.of(v[0], images), y, winners);
                    Tensor dx = t.garbage(images);
                    t.backend().images().maxPoolBackward(s, t.of(dOut, outs), winners, dx);
                    return new double[][] {dx.toDoubles()};
                });
    }

    /** Its gradient is the change of layout back. */
    private void channelsLast(int batch, int c, int pixels) {
        add("channels last", "x", new double[][] {normal(batch * c * pixels)},
                (t, v) -> {
                    Tensor y = t.garbage(batch, pixels, c);
                    t.backend().images().channelsLast(batch, c, pixels, t.of(v[0], batch, c, pixels), y);
                    return y.toDoubles();
                },
                (t, v, dOut) -> {
                    Tensor dx = t.garbage(batch, c, pixels);
                    t.backend().images().channelsLast(batch, pixels, c, t.of(dOut, batch, pixels, c), dx);
                    return new double[][] {dx.toDoubles()};
                });
    }
}
