package org.windtunnel.backend;

import java.util.List;
import java.util.Map;
import org.windtunnel.backend.ImageKernels.Epilogue;
import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.tensor.Tensor;

/** Random cases of the convolutional kernels. */
final class ImageCases {
    private ImageCases() {}

    static void addTo(List<KernelCase> cases, long seed, boolean large) {
        for (int kernel : new int[] {1, 2, 3, 5}) {
            for (int stride = 1; stride <= 2; stride++) {
                cases.add(convolution(
                        new CaseDraws(seed, "convolution" + kernel + stride, large), kernel, stride, large));
            }
        }
        cases.add(convolution(new CaseDraws(seed, "cifar convolution", large), 3, 1, large));
        cases.add(rowsOfEight(new CaseDraws(seed, "rows of eight", large)));
        cases.add(convolution(new CaseDraws(seed, "bands", large), new WindowShape(1, 24, 40, 64, 17, 3, 1, 1)));
        cases.add(manyImages(new CaseDraws(seed, "many images", large)));
        for (int options = 0; options < 4; options++) {
            cases.add(batchNorm(new CaseDraws(seed, "batch norm" + options, large), options));
            cases.add(groupNorm(new CaseDraws(seed, "group norm" + options, large), options));
            cases.add(shift(new CaseDraws(seed, "shift" + options, large), options));
            cases.add(pool(new CaseDraws(seed, "pool" + options, large), options));
        }
        cases.add(gate(new CaseDraws(seed, "gate", large)));
    }

    /** More of them than there are chunks of work. */
    private static KernelCase manyImages(CaseDraws r) {
        return convolution(
                r, new WindowShape(20 + r.below(60), 3 + r.below(3), 3, 1 + r.below(5), 1 + r.below(20), 3, 1, 1));
    }

    /** Tall enough for loops over eight rows, which overlap in the last ones, and over four. */
    private static KernelCase rowsOfEight(CaseDraws r) {
        int height = r.flag() ? 8 + 4 * r.below(4) : 8 + r.below(12);
        return convolution(r, new WindowShape(
                1 + r.below(3), height, 2 + r.below(20), 1 + r.below(20), 1 + r.below(40), 3, 1, 1));
    }

    private static KernelCase convolution(CaseDraws r, int kernel, int stride, boolean large) {
        int side = large ? 18 : 9;
        return convolution(r, new WindowShape(1 + r.below(3), kernel + r.below(side), kernel + r.below(side),
                channels(r, large), channels(r, large), kernel, stride, r.below(kernel)));
    }

    private static KernelCase convolution(CaseDraws r, WindowShape s) {
        int batch = s.batch();
        int kernel = s.kernel();
        boolean add = r.flag();
        double alpha = 0.25 + r.below(3);
        double[] x = r.normal(batch * s.imageSize());
        double[] filters = r.normal(s.out() * s.in() * kernel * kernel);
        double[] dy = r.normal(batch * s.outSize());
        return new KernelCase("convolution " + s + " alpha " + alpha + (add ? " adding" : ""), (t, out) -> {
            Tensor tx = t.of(x);
            Tensor tf = t.of(filters);
            Tensor y = add ? t.of(dy) : t.garbage(dy.length);
            t.backend().images().convolutionForward(s, alpha, tx, tf, add, y);
            out.put("y", y.toDoubles());
            Tensor dx = add ? t.of(x) : t.garbage(x.length);
            Tensor dFilters = add ? t.of(filters) : t.garbage(filters.length);
            t.backend().images().convolutionBackward(s, alpha, tx, tf, t.of(dy), dx, add, dFilters, add);
            out.put("dx", dx.toDoubles());
            out.put("dFilters", dFilters.toDoubles());
            Tensor alone = t.garbage(filters.length);
            t.backend().images().convolutionBackward(s, alpha, tx, tf, t.of(dy), null, false, alone, false);
            out.put("dFilters alone", alone.toDoubles());
            Tensor dxAlone = t.garbage(x.length);
            t.backend().images().convolutionBackward(s, alpha, tx, tf, t.of(dy), dxAlone, false, null, false);
            out.put("dx alone", dxAlone.toDoubles());
        });
    }

    /** Multiples of vector lengths as often as other numbers. */
    private static int channels(CaseDraws r, boolean large) {
        return r.flag() ? 16 << r.below(large ? 4 : 2) : large ? 1 + r.below(40) : r.size();
    }

    /** Bit 0 of options: with skip and ReLU; bit 1: accumulate and add. */
    private static Epilogue epilogue(TestTensors t, double[] skip, int options) {
        return (options & 1) == 0 ? Epilogue.NONE : new Epilogue(0.5, t.of(skip), true);
    }

    /** Where the gradient goes: dx on its own, or in the place of dy. */
    private static Tensor dx(TestTensors t, Tensor dy, int options) {
        return options == 0 ? dy : t.garbage(dy.shape());
    }

    private static KernelCase batchNorm(CaseDraws r, int options) {
        boolean add = (options & 2) != 0;
        int rows = 3 + r.size() * r.size();
        int c = r.size();
        double[] x = shifted(r.normal(rows * c));
        double[] gain = r.normal(c);
        double[] bias = r.normal(c);
        double[] skip = r.normal(rows * c);
        double[] dy = r.normal(rows * c);
        double[] running = r.uniform(c, 0.5, 2);
        return new KernelCase("batch norm " + rows + "x" + c + " options " + options, (t, out) -> {
            ImageKernels k = t.backend().images();
            Tensor tx = t.of(x, rows, c);
            Tensor y = t.garbage(rows, c);
            Tensor stats = t.garbage(2, c);
            Tensor mean = t.of(bias);
            Tensor variance = t.of(running);
            Epilogue e = epilogue(t, skip, options);
            k.batchNormForward(tx, t.of(gain), t.of(bias), 1e-5, stats, mean, variance, 0.1, e, y);
            out.put("y", y.toDoubles());
            out.put("running mean", mean.toDoubles());
            out.put("running variance", variance.toDoubles());
            Tensor inference = t.garbage(rows, c);
            k.batchNormInference(tx, t.of(gain), t.of(bias), 1e-5, mean, variance, e, inference);
            out.put("inference", inference.toDoubles());
            Tensor tdy = t.of(dy, rows, c);
            Tensor dx = dx(t, tdy, options);
            Tensor dSkip = (options & 1) == 0 ? null : add ? t.of(skip, rows, c) : tdy;
            Tensor dGain = add ? t.of(gain) : t.garbage(c);
            Tensor dBias = add ? t.of(bias) : t.garbage(c);
            // The mask comes from the kernel's own output, so that rounding cannot flip an element between backends.
            k.batchNormBackward(tx, t.of(gain), stats, e, t.of(skip, rows, c), tdy, dx, dSkip, add, dGain, dBias, add);
            put(out, dx, dSkip, dGain, dBias);
        });
    }

    /** A mean that is large beside the deviation, which naive sums of squares would lose. */
    private static double[] shifted(double[] x) {
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (x[i] + 8);
        }
        return x;
    }

    private static void put(Map<String, double[]> out, Tensor dx, Tensor dSkip, Tensor dGain, Tensor dBias) {
        out.put("dx", dx.toDoubles());
        if (dSkip != null) {
            out.put("dSkip", dSkip.toDoubles());
        }
        if (dGain != null) {
            out.put("dGain", dGain.toDoubles());
        }
        out.put("dBias", dBias.toDoubles());
    }

    private static KernelCase groupNorm(CaseDraws r, int options) {
        boolean add = (options & 2) != 0;
        int batch = 1 + r.below(4);
        int pixels = 2 + r.size();
        int groups = 1 + r.below(4);
        int c = groups * (1 + r.below(8));
        int n = batch * pixels * c;
        double[] x = r.normal(n);
        double[] gain = r.normal(c);
        double[] bias = r.normal(c);
        double[] skip = r.normal(n);
        double[] dy = r.normal(n);
        String name = "group norm " + batch + "x" + pixels + "x" + c + " in " + groups + " options " + options;
        return new KernelCase(name, (t, out) -> {
            ImageKernels k = t.backend().images();
            Tensor tx = t.of(x, batch * pixels, c);
            Tensor y = t.garbage(batch * pixels, c);
            Tensor stats = t.garbage(batch, groups, 2);
            Epilogue e = epilogue(t, skip, options);
            k.groupNormForward(batch, groups, tx, t.of(gain), t.of(bias), 1e-5, stats, e, y);
            out.put("y", y.toDoubles());
            Tensor tdy = t.of(dy, batch * pixels, c);
            Tensor dx = dx(t, tdy, options);
            Tensor dSkip = (options & 1) == 0 ? null : add ? t.of(skip, batch * pixels, c) : tdy;
            Tensor dGain = add ? t.of(gain) : t.garbage(c);
            Tensor dBias = add ? t.of(bias) : t.garbage(c);
            k.groupNormBackward(batch, groups, tx, t.of(gain), stats, e, t.of(skip, batch * pixels, c), tdy, dx, dSkip,
                    add, dGain, dBias, add);
            put(out, dx, dSkip, dGain, dBias);
        });
    }

    private static KernelCase shift(CaseDraws r, int options) {
        boolean add = (options & 2) != 0;
        int batch = 1 + r.below(4);
        int pixels = r.size();
        int c = r.size();
        int n = batch * pixels * c;
        double[] x = r.normal(n);
        double[] bias = r.normal(c);
        double[] factors = r.normal(batch);
        double[] skip = r.normal(n);
        double[] dy = r.normal(n);
        return new KernelCase("shift " + batch + "x" + pixels + "x" + c + " options " + options, (t, out) -> {
            ImageKernels k = t.backend().images();
            Tensor y = t.garbage(batch * pixels, c);
            Tensor factor = options == 1 ? null : t.of(factors);
            Epilogue e = epilogue(t, skip, options);
            k.shiftForward(batch, t.of(x, batch * pixels, c), options == 2 ? null : t.of(bias), factor, e, y);
            out.put("y", y.toDoubles());
            Tensor tdy = t.of(dy, batch * pixels, c);
            Tensor dx = dx(t, tdy, options);
            Tensor dSkip = (options & 1) == 0 ? null : add ? t.of(skip, batch * pixels, c) : tdy;
            Tensor dBias = add ? t.of(bias) : t.garbage(c);
            k.shiftBackward(batch, factor, e, t.of(skip, batch * pixels, c), tdy, dx, dSkip, add, dBias, add);
            put(out, dx, dSkip, null, dBias);
            Tensor mean = t.garbage(batch, c);
            k.globalAverageForward(batch, t.of(x, batch, pixels, c), mean);
            out.put("mean", mean.toDoubles());
            Tensor spread = add ? t.of(x, batch, pixels, c) : t.garbage(batch, pixels, c);
            k.globalAverageBackward(batch, mean, spread, add);
            out.put("spread", spread.toDoubles());
        });
    }

    private static KernelCase gate(CaseDraws r) {
        int batch = 1 + r.below(4);
        int pixels = r.size();
        int c = r.size();
        double[] x = r.normal(batch * pixels * c);
        double[] gates = r.normal(batch * c);
        double[] dy = r.normal(batch * pixels * c);
        return new KernelCase("gate " + batch + "x" + pixels + "x" + c, (t, out) -> {
            ImageKernels k = t.backend().images();
            Tensor tx = t.of(x, batch, pixels, c);
            Tensor y = t.garbage(batch, pixels, c);
            k.gateForward(batch, tx, t.of(gates, batch, c), y);
            out.put("y", y.toDoubles());
            Tensor d = t.of(dy, batch, pixels, c);
            Tensor dGates = t.garbage(batch, c);
            k.gateBackward(batch, tx, t.of(gates, batch, c), d, d, dGates);
            out.put("dx", d.toDoubles());
            out.put("dGates", dGates.toDoubles());
        });
    }

    /** Bit 0 of options: maximum, else mean; bit 1: add. */
    private static KernelCase pool(CaseDraws r, int options) {
        boolean max = (options & 1) != 0;
        boolean add = (options & 2) != 0;
        int kernel = 1 + r.below(3);
        int c = r.size();
        WindowShape s = new WindowShape(
                1 + r.below(3),
                kernel + r.below(8),
                kernel + r.below(8),
                c,
                c,
                kernel,
                1 + r.below(3),
                r.below(kernel));
        double[] x = r.normal(s.batch() * s.imageSize());
        double[] dy = r.normal(s.batch() * s.outSize());
        return new KernelCase((max ? "max pool " : "average pool ") + s, (t, out) -> {
            ImageKernels k = t.backend().images();
            Tensor y = t.garbage(dy.length);
            Tensor dx = add && !max ? t.of(x) : t.garbage(x.length);
            if (max) {
                Tensor winners = t.ints(new int[dy.length]);
                k.maxPoolForward(s, t.of(x), y, winners);
                k.maxPoolBackward(s, t.of(dy), winners, dx);
            } else {
                k.averagePoolForward(s, t.of(x), y);
                k.averagePoolBackward(s, t.of(dy), dx, add);
            }
            out.put("y", y.toDoubles());
            out.put("dx", dx.toDoubles());
        });
    }
}
