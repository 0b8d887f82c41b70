package org.windtunnel.backend.nd4j;

import org.windtunnel.backend.AttentionKernels.AttentionShape;
import org.windtunnel.backend.LayerKernels.Activation;

/** The forward formulas of the contract as plain loops over contiguous double arrays. */
final class PlainLoops {
    private PlainLoops() {}

    static double[] gemm(boolean ta, boolean tb, int m, int n, int k, double alpha, double[] a, double[] b) {
        double[] c = new double[m * n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int l = 0; l < k; l++) {
                    sum += (ta ? a[l * m + i] : a[i * k + l]) * (tb ? b[j * k + l] : b[l * n + j]);
                }
                c[i * n + j] = alpha * sum;
            }
        }
        return c;
    }

    static double[] layerNorm(double[] x, double[] gain, double[] bias, double eps) {
        int d = gain.length;
        double[] y = new double[x.length];
        for (int at = 0; at < x.length; at += d) {
            double mean = 0;
            for (int j = 0; j < d; j++) {
                mean += x[at + j] / d;
            }
            double variance = 0;
            for (int j = 0; j < d; j++) {
                variance += (x[at + j] - mean) * (x[at + j] - mean) / d;
            }
            for (int j = 0; j < d; j++) {
                y[at + j] = (x[at + j] - mean) / Math.sqrt(variance + eps) * gain[j] + (bias == null ? 0 : bias[j]);
            }
        }
        return y;
    }

    static double[] rmsNorm(double[] x, double[] gain, double eps) {
        int d = gain.length;
        double[] y = new double[x.length];
        for (int at = 0; at < x.length; at += d) {
            double square = 0;
            for (int j = 0; j < d; j++) {
                square += x[at + j] * x[at + j] / d;
            }
            for (int j = 0; j < d; j++) {
                y[at + j] = x[at + j] / Math.sqrt(square + eps) * gain[j];
            }
        }
        return y;
    }

    static double activation(Activation kind, double x) {
        return switch (kind) {
            case GELU_ERF -> x * normalDistribution(x);
            case GELU_TANH -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
            case RELU -> Math.max(x, 0);
        };
    }

    /** Φ by the series Φ(x) = 1/2 + φ(x) Σ x^(2k+1) / (1·3·5···(2k+1)), good to 1e-15 absolute for |x| below 6. */
    private static double normalDistribution(double x) {
        double term = x;
        double sum = x;
        for (int k = 1; k < 200; k++) {
            term *= x * x / (2 * k + 1);
            sum += term;
        }
        return 0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    }

    static double[] swiglu(double[] gateUp, int n, int f) {
        double[] y = new double[n * f];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < f; j++) {
                double gate = gateUp[i * 2 * f + j];
                y[i * f + j] = gate / (1 + Math.exp(-gate)) * gateUp[i * 2 * f + f + j];
            }
        }
        return y;
    }

    static double[] embedding(int[] ids, int t, int width, double[] tokens, double[] positions, double mult) {
        double[] y = new double[ids.length * width];
        for (int i = 0; i < ids.length; i++) {
            for (int j = 0; j < width; j++) {
                double position = positions == null ? 0 : positions[i % t * width + j];
                y[i * width + j] = mult * (tokens[ids[i] * width + j] + position);
            }
        }
        return y;
    }

    static double[] rope(double[] x, int t, int heads, int headDim, double[] cos, double[] sin) {
        int half = headDim / 2;
        double[] y = new double[x.length];
        for (int at = 0; at < x.length; at += headDim) {
            int position = at / (heads * headDim) % t;
            for (int j = 0; j < half; j++) {
                double c = cos[position * half + j];
                double s = sin[position * half + j];
                y[at + j] = x[at + j] * c - x[at + half + j] * s;
                y[at + half + j] = x[at + half + j] * c + x[at + j] * s;
            }
        }
        return y;
    }

    static double[] attention(AttentionShape s, double[] q, double[] k, double[] v, double scale) {
        double[] out = new double[q.length];
        for (int b = 0; b < s.batch(); b++) {
            for (int h = 0; h < s.heads(); h++) {
                for (int i = 0; i < s.time(); i++) {
                    attendRow(s, q, k, v, scale, out, b, h, i);
                }
            }
        }
        return out;
    }

    private static void attendRow(
            AttentionShape s, double[] q, double[] k, double[] v, double scale, double[] out, int b, int h, int i) {
        int d = s.headDim();
        int kv = h * s.kvHeads() / s.heads();
        int from = ((b * s.time() + i) * s.heads() + h) * d;
        double total = 0;
        for (int j = 0; j <= i; j++) {
            int other = ((b * s.time() + j) * s.kvHeads() + kv) * d;
            double score = 0;
            for (int l = 0; l < d; l++) {
                score += q[from + l] * k[other + l];
            }
            double weight = Math.exp(scale * score);
            total += weight;
            for (int l = 0; l < d; l++) {
                out[from + l] += weight * v[other + l];
            }
        }
        for (int l = 0; l < d; l++) {
            out[from + l] /= total;
        }
    }

    /** {Σ nll, Σ lse², rows counted}. */
    static double[] crossEntropy(double[] logits, int[] targets) {
        int vocabulary = logits.length / targets.length;
        double[] sums = new double[3];
        for (int i = 0; i < targets.length; i++) {
            if (targets[i] >= 0) {
                double total = 0;
                for (int j = 0; j < vocabulary; j++) {
                    total += Math.exp(logits[i * vocabulary + j]);
                }
                double lse = Math.log(total);
                sums[0] += lse - logits[i * vocabulary + targets[i]];
                sums[1] += lse * lse;
                sums[2]++;
            }
        }
        return sums;
    }
}
