package org.windtunnel.backend;

import java.util.List;
import org.windtunnel.backend.AttentionKernels.AttentionShape;
import org.windtunnel.tensor.Tensor;

/** Random cases of embedding, rotary positions, attention and cross entropy. */
final class TokenCases {
    private TokenCases() {}

    static void addTo(List<KernelCase> cases, long seed, boolean large) {
        for (int options = 0; options < 4; options++) {
            cases.add(embedding(new CaseDraws(seed, "embedding" + options, large), options));
            cases.add(attention(new CaseDraws(seed, "attention" + options, large), large));
            cases.add(crossEntropy(new CaseDraws(seed, "crossEntropy" + options, large), options));
            cases.add(squaredError(new CaseDraws(seed, "squaredError" + options, large)));
            cases.add(softLoss(new CaseDraws(seed, "softLoss" + options, large), options));
        }
        for (boolean inverse : new boolean[] {false, true}) {
            cases.add(rope(new CaseDraws(seed, "rope" + inverse, large), inverse));
        }
    }

    /** Bit 0 of options: accumulate; bit 1: with positions. */
    private static KernelCase embedding(CaseDraws r, int options) {
        boolean accumulate = (options & 1) != 0;
        boolean withPositions = (options & 2) != 0;
        int batch = 1 + r.below(4);
        int time = r.size();
        int n = batch * time;
        int width = r.size();
        int vocabulary = r.size();
        int positions = time + r.below(3);
        int[] ids = r.ids(n, vocabulary);
        double[] tokens = r.normal(vocabulary * width);
        double[] table = r.normal(positions * width);
        double[] dOut = r.normal(n * width);
        String name = "embedding " + batch + "x" + time + " width " + width + " vocabulary " + vocabulary
                + (accumulate ? " accumulating" : "") + (withPositions ? " with positions" : "");
        return new KernelCase(name, (t, out) -> {
            Tensor tIds = t.ints(ids);
            Tensor y = t.garbage(n, width);
            t.backend().embeddingForward(tIds, time, t.of(tokens, vocabulary, width),
                    withPositions ? t.of(table, positions, width) : null, 1.3, y);
            out.put("y", y.toDoubles());
            Tensor dTokens = accumulate ? t.of(tokens, vocabulary, width) : t.garbage(vocabulary, width);
            Tensor dTable = !withPositions
                    ? null
                    : accumulate ? t.of(table, positions, width) : t.garbage(positions, width);
            t.backend().embeddingBackward(tIds, time, t.of(dOut, n, width), 1.3, dTokens, accumulate, dTable,
                    accumulate);
            out.put("dTokens", dTokens.toDoubles());
            if (withPositions) {
                out.put("dPositions", dTable.toDoubles());
            }
        });
    }

    private static KernelCase rope(CaseDraws r, boolean inverse) {
        int batch = 1 + r.below(3);
        int time = r.size();
        int heads = 1 + r.below(4);
        int headDim = 2 * r.size();
        int width = heads * headDim;
        int ld = width + r.below(5);
        double[] x = r.normal(batch * time * width);
        double[] angles = r.uniform(time * headDim / 2, 0, 6);
        double[] cos = new double[angles.length];
        double[] sin = new double[angles.length];
        for (int i = 0; i < angles.length; i++) {
            cos[i] = (float) Math.cos(angles[i]);
            sin[i] = (float) Math.sin(angles[i]);
        }
        String name = "rope " + batch + "x" + time + " heads " + heads + "x" + headDim + " ld " + ld
                + (inverse ? " inverse" : "");
        return new KernelCase(name, (t, out) -> {
            Tensor tx = t.rows(x, width, ld);
            int ldy = inverse ? width + 3 : ld;
            Tensor ty = inverse ? t.garbage(batch * time, ldy) : tx;
            t.backend().rope(batch * time, time, heads, headDim, tx, ld, t.of(cos, time, headDim / 2),
                    t.of(sin, time, headDim / 2), inverse, ty, ldy);
            out.put("x", TestTensors.unpad(tx, width, ld));
            out.put("y", TestTensors.unpad(ty, width, ldy));
            TestTensors.requireGaps(ty, width, ldy);
        });
    }

    private static KernelCase attention(CaseDraws r, boolean large) {
        int kvHeads = 1 + r.below(3);
        int heads = kvHeads * (1 + r.below(3));
        return attention(r, new AttentionShape(
                1 + r.below(3), r.size(), heads, kvHeads, large ? 8 + r.below(60) : 1 + r.below(12)));
    }

    static KernelCase attention(CaseDraws r, AttentionShape s) {
        int qWidth = s.heads() * s.headDim();
        int kvWidth = s.kvHeads() * s.headDim();
        int ldq = qWidth + r.below(4);
        int ldk = kvWidth + r.below(4);
        int ldv = kvWidth + r.below(4);
        int ldo = qWidth + r.below(4);
        int n = s.rows();
        double scale = 1 / Math.sqrt(s.headDim());
        double[] q = r.normal(n * qWidth);
        double[] k = r.normal(n * kvWidth);
        double[] v = r.normal(n * kvWidth);
        double[] dOut = r.normal(n * qWidth);
        return new KernelCase("attention " + s + " ld " + ldq + " " + ldk + " " + ldv + " " + ldo, (t, out) -> {
            Tensor tq = t.rows(q, qWidth, ldq);
            Tensor tk = t.rows(k, kvWidth, ldk);
            Tensor tv = t.rows(v, kvWidth, ldv);
            Tensor y = t.garbage(n, ldo);
            Tensor saved = t.garbage(Math.toIntExact(t.backend().attentionSavedSize(s)));
            t.backend().attentionForward(s, tq, ldq, tk, ldk, tv, ldv, scale, y, ldo, saved);
            out.put("out", TestTensors.unpad(y, qWidth, ldo));
            TestTensors.requireGaps(y, qWidth, ldo);
            Tensor dq = t.garbage(n, ldq);
            Tensor dk = t.garbage(n, ldk);
            Tensor dv = t.garbage(n, ldv);
            t.backend().attentionBackward(s, tq, ldq, tk, ldk, tv, ldv, scale, y, t.rows(dOut, qWidth, ldo), ldo,
                    saved, dq, ldq, dk, ldk, dv, ldv);
            out.put("dq", TestTensors.unpad(dq, qWidth, ldq));
            out.put("dk", TestTensors.unpad(dk, kvWidth, ldk));
            out.put("dv", TestTensors.unpad(dv, kvWidth, ldv));
            TestTensors.requireGaps(dq, qWidth, ldq);
            TestTensors.requireGaps(dk, kvWidth, ldk);
            TestTensors.requireGaps(dv, kvWidth, ldv);
        });
    }

    private static KernelCase squaredError(CaseDraws r) {
        int n = r.size();
        int vocabulary = r.size();
        int[] targets = r.ids(n, vocabulary);
        targets[0] = -1;
        double[] logits = r.normal(n * vocabulary);
        return new KernelCase("squared error " + n + "x" + vocabulary, (t, out) -> {
            Tensor x = t.of(logits, n, vocabulary);
            double[] sums = new double[3];
            t.backend().squaredError(x, t.ints(targets), 0.25, null, sums);
            out.put("loss", new double[] {sums[0]});
            out.put("squares", new double[] {sums[1]});
            out.put("count", new double[] {sums[2]});
            t.backend().squaredError(x, t.ints(targets), 0.25, x, sums);
            out.put("gradient", x.toDoubles());
        });
    }

    /** Bit 0 of options: squared error; bit 1: mixed. One target is left out. */
    private static KernelCase softLoss(CaseDraws r, int options) {
        boolean squared = (options & 1) != 0;
        boolean mixed = (options & 2) != 0;
        int n = r.size();
        int classes = r.size();
        int[] targets = r.ids(n, classes);
        targets[n / 2] = -1;
        int[] seconds = r.ids(n, classes);
        double[] shares = r.uniform(n, 0, 1);
        double[] logits = r.normal(n * classes);
        String name = "soft " + (squared ? "squared error " : "cross entropy ") + n + "x" + classes
                + (mixed ? " mixed" : "");
        return new KernelCase(name, (t, out) -> {
            Tensor x = t.of(logits, n, classes);
            SoftTargets soft = mixed
                    ? new SoftTargets(0.1, t.ints(seconds), t.of(shares))
                    : new SoftTargets(0.3, null, null);
            double[] sums = new double[3];
            if (squared) {
                t.backend().softSquaredError(x, t.ints(targets), soft, 0.25, sums);
            } else {
                t.backend().softCrossEntropy(x, t.ints(targets), soft, 0.05, 0.25, sums);
            }
            out.put("loss", new double[] {sums[0]});
            out.put("second sum", new double[] {sums[1]});
            out.put("count", new double[] {sums[2]});
            out.put("gradient", x.toDoubles());
        });
    }

    /** Bit 0 of options: with z-loss; bit 1: with ignored targets. */
    private static KernelCase crossEntropy(CaseDraws r, int options) {
        double zWeight = (options & 1) != 0 ? 0.05 : 0;
        boolean ignore = (options & 2) != 0;
        int n = r.size();
        int vocabulary = r.size();
        int[] targets = r.ids(n, vocabulary);
        if (ignore) {
            for (int i = 0; i < n; i += 1 + r.below(4)) {
                targets[i] = -1 - r.below(100);
            }
        }
        double[] logits = r.normal(n * vocabulary);
        for (int i = 0; i < logits.length; i++) {
            logits[i] *= 3;
        }
        String name = "cross entropy " + n + "x" + vocabulary + " z " + zWeight + (ignore ? " ignoring" : "");
        return new KernelCase(name, (t, out) -> {
            Tensor x = t.of(logits, n, vocabulary);
            double[] sums = new double[3];
            t.backend().crossEntropy(x, t.ints(targets), zWeight, 0.25, null, sums);
            out.put("nll", new double[] {sums[0]});
            out.put("lse squared", new double[] {sums[1]});
            out.put("count", new double[] {sums[2]});
            out.put("logits kept", x.toDoubles());
            double[] again = {7, 7, 7};
            t.backend().crossEntropy(x, t.ints(targets), zWeight, 0.25, x, again);
            out.put("sums", again);
            out.put("gradient", x.toDoubles());
        });
    }
}
