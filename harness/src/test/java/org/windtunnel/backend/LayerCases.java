package org.windtunnel.backend;

import java.util.List;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.tensor.Tensor;

/** Random cases of normalisation, bias and activation. */
final class LayerCases {
    private LayerCases() {}

    static void addTo(List<KernelCase> cases, long seed, boolean large) {
        for (int options = 0; options < 4; options++) {
            cases.add(layerNorm(new CaseDraws(seed, "layerNorm" + options, large), options));
            cases.add(rmsNorm(new CaseDraws(seed, "rmsNorm" + options, large), options, false));
            cases.add(rmsNorm(new CaseDraws(seed, "qkNorm" + options, large), options, true));
        }
        for (Activation kind : Activation.values()) {
            for (boolean withBias : new boolean[] {false, true}) {
                cases.add(activation(new CaseDraws(seed, kind + " " + withBias, large), kind, withBias));
            }
        }
        for (boolean flag : new boolean[] {false, true}) {
            cases.add(bias(new CaseDraws(seed, "bias" + flag, large), flag));
            cases.add(branchSum(new CaseDraws(seed, "branchSum" + flag, large), flag));
            cases.add(swiglu(new CaseDraws(seed, "swiglu" + flag, large), flag));
        }
    }

    /**
     * Bit 0 of options: add and accumulate; bit 1: with bias; neither: dx is dy. Two columns are left out: their
     * normalised values are signs, so that dx is what rounding leaves.
     */
    private static KernelCase layerNorm(CaseDraws r, int options) {
        boolean add = (options & 1) != 0;
        boolean withBias = (options & 2) != 0;
        int n = r.size();
        int d = 2 + r.size();
        double[] x = r.normal(n * d);
        double[] gain = r.normal(d);
        double[] bias = r.normal(d);
        double[] dy = r.normal(n * d);
        double[] before = r.normal(n * d);
        String name = "layer norm " + n + "x" + d + (add ? " accumulating" : "") + (withBias ? " with bias" : "");
        return new KernelCase(name, (t, out) -> {
            Tensor tx = t.of(x, n, d);
            Tensor tg = t.of(gain);
            Tensor y = t.garbage(n, d);
            Tensor stats = t.garbage(n, 2);
            t.backend().layerNormForward(tx, tg, withBias ? t.of(bias) : null, 1e-5, y, stats);
            out.put("y", y.toDoubles());
            Tensor tdy = t.of(dy, n, d);
            Tensor dx = add ? t.of(before, n, d) : withBias ? t.garbage(n, d) : tdy;
            Tensor dGain = add ? t.of(gain) : t.garbage(d);
            Tensor dBias = !withBias ? null : add ? t.of(bias) : t.garbage(d);
            t.backend().layerNormBackward(tx, tg, stats, tdy, dx, add, dGain, dBias, add);
            out.put("dx", dx.toDoubles());
            out.put("dGain", dGain.toDoubles());
            if (withBias) {
                out.put("dBias", dBias.toDoubles());
            }
        });
    }

    private static KernelCase branchSum(CaseDraws r, boolean withBias) {
        int n = r.size();
        int d = 2 + r.size();
        double[] before = r.normal(n * d);
        double[] branch = r.normal(n * d);
        double[] bias = r.normal(d);
        double[] gain = r.normal(d);
        return new KernelCase("norms of a sum " + n + "x" + d + (withBias ? " with bias" : ""), (t, out) -> {
            Tensor stream = t.garbage(n, d);
            Tensor added = withBias ? t.of(bias) : null;
            BranchSum sum = new BranchSum(t.of(before, n, d), t.of(branch, n, d), added, stream);
            Tensor y = t.garbage(n, d);
            Tensor stats = t.garbage(n, 2);
            t.backend().addLayerNormForward(sum, t.of(gain), added, 1e-5, y, stats);
            out.put("stream", stream.toDoubles());
            out.put("layer norm", y.toDoubles());
            out.put("stats", stats.toDoubles());
            t.backend().fill(stream, Double.NaN);
            t.backend().addRmsNormForward(sum, t.of(gain), 1e-6, y, t.garbage(n));
            out.put("stream again", stream.toDoubles());
            out.put("rms norm", y.toDoubles());
        });
    }

    /** Bit 0 of options: add and accumulate; bit 1: dx is dy. */
    private static KernelCase rmsNorm(CaseDraws r, int options, boolean grouped) {
        boolean add = (options & 1) != 0;
        boolean inPlace = (options & 2) != 0 && !add;
        int n = r.size();
        int groups = grouped ? 1 + r.below(5) : 1;
        int width = 2 + r.size();
        int row = groups * width;
        int ldx = row + (grouped ? r.below(7) : 0);
        int ldy = inPlace ? ldx : row + (grouped ? r.below(7) : 0);
        double[] x = r.normal(n * row);
        double[] gain = r.normal(width);
        double[] dy = r.normal(n * row);
        double[] before = r.normal(n * row);
        String name = "rms norm " + n + "x" + groups + "x" + width + " ld " + ldx + " " + ldy
                + (add ? " accumulating" : "") + (inPlace ? " in place" : "");
        return new KernelCase(name, (t, out) -> {
            Tensor tx = t.rows(x, row, ldx);
            Tensor tg = t.of(gain);
            Tensor y = t.garbage(n, ldy);
            Tensor rstd = t.garbage(n * groups);
            t.backend().rmsNormForward(n, groups, width, tx, ldx, tg, 1e-6, y, ldy, rstd);
            out.put("y", TestTensors.unpad(y, row, ldy));
            TestTensors.requireGaps(y, row, ldy);
            Tensor tdy = t.rows(dy, row, ldy);
            Tensor dx = add ? t.rows(before, row, ldx) : inPlace ? tdy : t.garbage(n, ldx);
            Tensor dGain = add ? t.of(gain) : t.garbage(width);
            t.backend().rmsNormBackward(n, groups, width, tx, ldx, tg, rstd, tdy, ldy, dx, add, dGain, add);
            out.put("dx", TestTensors.unpad(dx, row, ldx));
            out.put("dGain", dGain.toDoubles());
            TestTensors.requireGaps(dx, row, ldx);
        });
    }

    private static KernelCase activation(CaseDraws r, Activation kind, boolean withBias) {
        int n = r.size();
        int f = r.size();
        double[] x = r.normal(n * f);
        double[] bias = r.normal(f);
        double[] dy = r.normal(n * f);
        for (int i = 0; i < x.length; i += 3) {
            x[i] *= 4;
        }
        return new KernelCase(kind + " " + n + "x" + f + (withBias ? " with bias" : ""), (t, out) -> {
            Tensor pre = t.of(x, n, f);
            Tensor tb = withBias ? t.of(bias) : null;
            Tensor y = t.garbage(n, f);
            t.backend().activationForward(kind, pre, tb, y);
            out.put("y", y.toDoubles());
            out.put("x", pre.toDoubles());
            Tensor inPlace = t.of(x, n, f);
            t.backend().activationForward(kind, inPlace, tb, inPlace);
            out.put("y in place", inPlace.toDoubles());
            Tensor d = t.of(dy, n, f);
            Tensor apart = t.garbage(n, f);
            Tensor sums = t.garbage(f);
            t.backend().activationBackward(kind, pre, d, apart, sums, false);
            out.put("d apart", apart.toDoubles());
            out.put("bias gradient", sums.toDoubles());
            t.backend().activationBackward(kind, pre, d, d);
            out.put("d", d.toDoubles());
        });
    }

    private static KernelCase bias(CaseDraws r, boolean accumulate) {
        int n = r.size();
        int d = r.size();
        double[] x = r.normal(n * d);
        double[] bias = r.normal(d);
        return new KernelCase("bias " + n + "x" + d + (accumulate ? " accumulating" : ""), (t, out) -> {
            Tensor tx = t.of(x, n, d);
            t.backend().addBias(tx, t.of(bias));
            out.put("x", tx.toDoubles());
            Tensor sum = accumulate ? t.of(bias) : t.garbage(d);
            t.backend().columnSum(tx, sum, accumulate);
            out.put("column sum", sum.toDoubles());
        });
    }

    private static KernelCase swiglu(CaseDraws r, boolean inPlace) {
        int n = r.size();
        int f = r.size();
        double[] gateUp = r.normal(n * 2 * f);
        double[] dy = r.normal(n * f);
        return new KernelCase("swiglu " + n + "x" + f + (inPlace ? " in place" : ""), (t, out) -> {
            Tensor tg = t.of(gateUp, n, 2 * f);
            Tensor y = t.garbage(n, f);
            t.backend().swigluForward(tg, y);
            out.put("y", y.toDoubles());
            Tensor d = inPlace ? tg : t.garbage(n, 2 * f);
            t.backend().swigluBackward(tg, t.of(dy, n, f), d);
            out.put("d", d.toDoubles());
        });
    }
}
