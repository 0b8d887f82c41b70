package org.windtunnel.backend;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.windtunnel.backend.AttentionKernels.AttentionShape;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/** Every forward/backward pair of the contract, on small odd shapes. */
final class GradientCases {
    private static final double EPS = 1e-5;

    interface Forward {
        double[] run(TestTensors t, double[][] in);
    }

    interface Backward {
        double[][] run(TestTensors t, double[][] in, double[] dOut);
    }

    record Case(String name, String[] inputNames, double[][] inputs, Forward forwardPass, Backward backwardPass)
            implements GradientCase {
        @Override
        public double[] forward(TestTensors tensors, double[][] in) {
            return forwardPass.run(tensors, in);
        }

        @Override
        public double[][] backward(TestTensors tensors, double[][] in, double[] dOut) {
            return backwardPass.run(tensors, in, dOut);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private final Rng rng;
    private final List<GradientCase> cases = new ArrayList<>();
    private int draws;

    private GradientCases(long seed) {
        this.rng = new Rng(seed, Rng.stream("gradient-cases"));
    }

    static List<GradientCase> all(long seed) {
        GradientCases g = new GradientCases(seed);
        g.layerNorm(7, 5, true);
        g.layerNorm(3, 12, false);
        g.rmsNorm(5, 1, 7, 7, 7);
        g.rmsNorm(5, 3, 4, 17, 15);
        for (Activation kind : Activation.values()) {
            g.activation(kind, 3, 7, true);
            g.activation(kind, 5, 3, false);
        }
        g.bias(5, 3);
        g.swiglu(5, 3);
        g.embedding(true);
        g.embedding(false);
        g.rope(false);
        g.rope(true);
        g.attention(new AttentionShape(2, 5, 2, 2, 4));
        g.attention(new AttentionShape(2, 7, 6, 2, 3));
        g.attention(new AttentionShape(1, 9, 4, 1, 8));
        g.attention(new AttentionShape(3, 1, 2, 1, 4));
        g.crossEntropy(0);
        g.crossEntropy(0.1);
        g.squaredError();
        for (boolean mixed : new boolean[] {false, true}) {
            g.softLoss(mixed, false);
            g.softLoss(mixed, true);
        }
        g.cases.addAll(ImageGradientCases.all(seed));
        return g.cases;
    }

    private void add(String name, String inputNames, double[][] inputs, Forward forward, Backward backward) {
        cases.add(new Case(name, inputNames.split(" "), inputs, forward, backward));
    }

    private double[] normal(int count) {
        return TestTensors.normal(rng, draws++, count);
    }

    private void layerNorm(int n, int d, boolean withBias) {
        double[][] in = withBias
                ? new double[][] {normal(n * d), normal(d), normal(d)}
                : new double[][] {normal(n * d), normal(d)};
        add("layer norm [" + n + ", " + d + "]" + (withBias ? " with bias" : ""), "x gain bias", in,
                (t, v) -> {
                    Tensor y = t.garbage(n, d);
                    t.backend().layerNormForward(t.of(v[0], n, d), t.of(v[1]), withBias ? t.of(v[2]) : null, EPS, y,
                            t.garbage(n, 2));
                    return y.toDoubles();
                },
                (t, v, dOut) -> {
                    Tensor x = t.of(v[0], n, d);
                    Tensor gain = t.of(v[1]);
                    Tensor bias = withBias ? t.of(v[2]) : null;
                    Tensor stats = t.garbage(n, 2);
                    t.backend().layerNormForward(x, gain, bias, EPS, t.garbage(n, d), stats);
                    Tensor dx = t.garbage(n, d);
                    Tensor dGain = t.garbage(d);
                    Tensor dBias = withBias ? t.garbage(d) : null;
                    t.backend().layerNormBackward(x, gain, stats, t.of(dOut, n, d), dx, false, dGain, dBias, false);
                    return withBias
                            ? new double[][] {dx.toDoubles(), dGain.toDoubles(), dBias.toDoubles()}
                            : new double[][] {dx.toDoubles(), dGain.toDoubles()};
                });
    }

    private void rmsNorm(int n, int groups, int width, int ldx, int ldy) {
        int row = groups * width;
        add("rms norm (" + n + ", " + groups + ", " + width + ") ldx " + ldx + " ldy " + ldy, "x gain",
                new double[][] {normal(n * row), normal(width)},
                (t, v) -> {
                    Tensor y = t.garbage(n, ldy);
                    t.backend().rmsNormForward(n, groups, width, t.rows(v[0], row, ldx), ldx, t.of(v[1]), EPS, y, ldy,
                            t.garbage(n * groups));
                    return TestTensors.unpad(y, row, ldy);
                },
                (t, v, dOut) -> {
                    Tensor x = t.rows(v[0], row, ldx);
                    Tensor gain = t.of(v[1]);
                    Tensor rstd = t.garbage(n * groups);
                    t.backend().rmsNormForward(n, groups, width, x, ldx, gain, EPS, t.garbage(n, ldy), ldy, rstd);
                    Tensor dx = t.garbage(n, ldx);
                    Tensor dGain = t.garbage(width);
                    t.backend().rmsNormBackward(n, groups, width, x, ldx, gain, rstd, t.rows(dOut, row, ldy), ldy, dx,
                            false, dGain, false);
                    return new double[][] {TestTensors.unpad(dx, row, ldx), dGain.toDoubles()};
                });
    }

    private void activation(Activation kind, int n, int f, boolean withBias) {
        double[] x = normal(n * f);
        double[] bias = withBias ? normal(f) : new double[f];
        if (kind == Activation.RELU) {
            awayFromZero(x, bias);
        }
        add(kind + (withBias ? " with bias" : ""), "x bias",
                withBias ? new double[][] {x, bias} : new double[][] {x},
                (t, v) -> {
                    Tensor y = t.garbage(n, f);
                    t.backend().activationForward(kind, t.of(v[0], n, f), withBias ? t.of(v[1]) : null, y);
                    return y.toDoubles();
                },
                (t, v, dOut) -> {
                    Tensor pre = t.of(v[0], n, f);
                    t.backend().activationForward(kind, pre, withBias ? t.of(v[1]) : null, t.garbage(n, f));
                    Tensor d = t.of(dOut, n, f);
                    t.backend().activationBackward(kind, pre, d, d);
                    if (!withBias) {
                        return new double[][] {d.toDoubles()};
                    }
                    Tensor dBias = t.garbage(f);
                    t.backend().columnSum(d, dBias, false);
                    return new double[][] {d.toDoubles(), dBias.toDoubles()};
                });
    }

    /** Keeps x + bias a unit away from the kink, farther than any difference step reaches. */
    private static void awayFromZero(double[] x, double[] bias) {
        for (int i = 0; i < x.length; i++) {
            double sum = x[i] + bias[i % bias.length];
            x[i] += Math.signum(sum);
        }
    }

    private void bias(int n, int d) {
        add("add bias, column sum", "x bias", new double[][] {normal(n * d), normal(d)},
                (t, v) -> {
                    Tensor x = t.of(v[0], n, d);
                    t.backend().addBias(x, t.of(v[1]));
                    return x.toDoubles();
                },
                (t, v, dOut) -> {
                    Tensor dBias = t.garbage(d);
                    t.backend().columnSum(t.of(dOut, n, d), dBias, false);
                    return new double[][] {dOut, dBias.toDoubles()};
                });
    }

    private void swiglu(int n, int f) {
        add("swiglu", "gateUp", new double[][] {normal(n * 2 * f)},
                (t, v) -> {
                    Tensor y = t.garbage(n, f);
                    t.backend().swigluForward(t.of(v[0], n, 2 * f), y);
                    return y.toDoubles();
                },
                (t, v, dOut) -> {
                    Tensor d = t.garbage(n, 2 * f);
                    t.backend().swigluBackward(t.of(v[0], n, 2 * f), t.of(dOut, n, f), d);
                    return new double[][] {d.toDoubles()};
                });
    }

    private void embedding(boolean withPositions) {
        int[] ids = {3, 0, 3, 6, 1, 3, 2, 6};
        int time = 4;
        int width = 5;
        double mult = 1.7;
        double[][] in = withPositions
                ? new double[][] {normal(7 * width), normal((time + 2) * width)}
                : new double[][] {normal(7 * width)};
        add("embedding" + (withPositions ? " with positions" : ""), "tokens positions", in,
                (t, v) -> {
                    Tensor out = t.garbage(ids.length, width);
                    t.backend().embeddingForward(t.ints(ids), time, t.of(v[0], 7, width),
                            withPositions ? t.of(v[1], time + 2, width) : null, mult, out);
                    return out.toDoubles();
                },
                (t, v, dOut) -> {
                    Tensor dTokens = t.garbage(7, width);
                    Tensor dPositions = withPositions ? t.garbage(time + 2, width) : null;
                    t.backend().embeddingBackward(t.ints(ids), time, t.of(dOut, ids.length, width), mult, dTokens,
                            false, dPositions, false);
                    return withPositions
                            ? new double[][] {dTokens.toDoubles(), dPositions.toDoubles()}
                            : new double[][] {dTokens.toDoubles()};
                });
    }

    private void rope(boolean inverse) {
        int time = 5;
        int rows = 2 * time;
        int heads = 3;
        int headDim = 4;
        int width = heads * headDim;
        int ld = width + 3;
        double[] cos = new double[time * headDim / 2];
        double[] sin = new double[cos.length];
        for (int i = 0; i < cos.length; i++) {
            cos[i] = Math.cos(0.3 * i + 0.1);
            sin[i] = Math.sin(0.3 * i + 0.1);
        }
        add("rope" + (inverse ? " inverse" : ""), "x", new double[][] {normal(rows * width)},
                (t, v) -> {
                    Tensor x = t.rows(v[0], width, ld);
                    t.backend().rope(rows, time, heads, headDim, x, ld, t.of(cos), t.of(sin), inverse, x, ld);
                    return TestTensors.unpad(x, width, ld);
                },
                (t, v, dOut) -> {
                    Tensor d = t.rows(dOut, width, ld);
                    t.backend().rope(rows, time, heads, headDim, d, ld, t.of(cos), t.of(sin), !inverse, d, ld);
                    return new double[][] {TestTensors.unpad(d, width, ld)};
                });
    }

    /** Queries, keys and values packed side by side, as one projection makes them. */
    private void attention(AttentionShape s) {
        int qWidth = s.heads() * s.headDim();
        int kvWidth = s.kvHeads() * s.headDim();
        int packed = qWidth + 2 * kvWidth;
        int ldo = qWidth + 1;
        double scale = 0.8;
        add("attention " + s, "qkv", new double[][] {normal(s.rows() * packed)},
                (t, v) -> {
                    Tensor out = t.garbage(s.rows(), ldo);
                    Tensor saved = t.garbage(Math.toIntExact(t.backend().attentionSavedSize(s)));
                    attentionForward(t, s, t.of(v[0], s.rows(), packed), scale, out, saved);
                    return TestTensors.unpad(out, qWidth, ldo);
                },
                (t, v, dOut) -> {
                    Tensor qkv = t.of(v[0], s.rows(), packed);
                    Tensor out = t.garbage(s.rows(), ldo);
                    Tensor saved = t.garbage(Math.toIntExact(t.backend().attentionSavedSize(s)));
                    attentionForward(t, s, qkv, scale, out, saved);
                    Tensor d = t.garbage(s.rows(), packed);
                    t.backend().attentionBackward(s, qkv, packed, from(qkv, qWidth), packed,
                            from(qkv, qWidth + kvWidth), packed, scale, out, t.rows(dOut, qWidth, ldo), ldo, saved,
                            d, packed, from(d, qWidth), packed, from(d, qWidth + kvWidth), packed);
                    return new double[][] {d.toDoubles()};
                });
    }

    private static void attentionForward(
            TestTensors t, AttentionShape s, Tensor qkv, double scale, Tensor out, Tensor saved) {
        int qWidth = s.heads() * s.headDim();
        int kvWidth = s.kvHeads() * s.headDim();
        int ld = qWidth + 2 * kvWidth;
        t.backend().attentionForward(s, qkv, ld, from(qkv, qWidth), ld, from(qkv, qWidth + kvWidth), ld, scale, out,
                qWidth + 1, saved);
    }

    private static Tensor from(Tensor x, int at) {
        return x.slice(at, x.intSize() - at);
    }

    private void squaredError() {
        int n = 5;
        int vocabulary = 7;
        int[] targets = {2, -1, 6, 0, 2};
        add("squared error", "logits", new double[][] {normal(n * vocabulary)},
                (t, v) -> {
                    double[] sums = new double[3];
                    t.backend().squaredError(t.of(v[0], n, vocabulary), t.ints(targets), 1, null, sums);
                    return new double[] {sums[0]};
                },
                (t, v, dOut) -> {
                    Tensor logits = t.of(v[0], n, vocabulary);
                    t.backend().squaredError(logits, t.ints(targets), dOut[0], logits, new double[3]);
                    return new double[][] {logits.toDoubles()};
                });
    }

    private void softLoss(boolean mixed, boolean squared) {
        int n = 5;
        int classes = 7;
        double zWeight = squared ? 0 : 0.1;
        add((squared ? "squared error" : "cross entropy") + ", smoothed" + (mixed ? " and mixed" : ""), "logits",
                new double[][] {normal(n * classes)},
                (t, v) -> {
                    double[] sums = softLoss(t, t.of(v[0], n, classes), mixed, squared, zWeight, 1);
                    return new double[] {sums[0] + zWeight * sums[1]};
                },
                (t, v, dOut) -> {
                    Tensor logits = t.of(v[0], n, classes);
                    softLoss(t, logits, mixed, squared, zWeight, dOut[0]);
                    return new double[][] {logits.toDoubles()};
                });
    }

    private static double[] softLoss(
            TestTensors t, Tensor logits, boolean mixed, boolean squared, double zWeight, double gradScale) {
        Tensor targets = t.ints(2, -1, 6, 0, 2);
        SoftTargets soft = mixed
                ? new SoftTargets(0.2, t.ints(3, 1, 6, 5, 0), t.of(new double[] {0.25, 0.5, 0.5, 0, 1}))
                : new SoftTargets(0.2, null, null);
        double[] sums = new double[3];
        if (squared) {
            t.backend().softSquaredError(logits, targets, soft, gradScale, sums);
        } else {
            t.backend().softCrossEntropy(logits, targets, soft, zWeight, gradScale, sums);
        }
        return sums;
    }

    private void crossEntropy(double zWeight) {
        int n = 6;
        int vocabulary = 7;
        int[] targets = {2, -1, 6, 0, -100, 2};
        add("cross entropy, z weight " + zWeight, "logits", new double[][] {normal(n * vocabulary)},
                (t, v) -> {
                    double[] sums = new double[3];
                    t.backend().crossEntropy(t.of(v[0], n, vocabulary), t.ints(targets), zWeight, 1, null, sums);
                    return new double[] {sums[0] + zWeight * sums[1]};
                },
                (t, v, dOut) -> {
                    Tensor logits = t.of(v[0], n, vocabulary);
                    t.backend().crossEntropy(logits, t.ints(targets), zWeight, dOut[0], logits, new double[3]);
                    double[] d = logits.toDoubles();
                    if (Arrays.stream(d, vocabulary, 2 * vocabulary).anyMatch(g -> g != 0)) {
                        throw new AssertionError("an ignored target has a gradient");
                    }
                    return new double[][] {d};
                });
    }
}
