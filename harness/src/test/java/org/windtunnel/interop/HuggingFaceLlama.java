package org.windtunnel.interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.windtunnel.checkpoint.SafetensorsFile;

/**
 * Hugging Face's LLaMA (and Qwen3, with its norms of queries and keys) in plain loops, built from the names and the
 * {@code config} in a file and from nothing else: what that library would compute from an export.
 */
final class HuggingFaceLlama {
    private final SafetensorsFile file;
    private final int width;
    private final int heads;
    private final int kvHeads;
    private final int headDim;
    private final int layers;
    private final double eps;
    private final double theta;
    private final boolean tied;

    HuggingFaceLlama(SafetensorsFile file) throws IOException {
        this.file = file;
        JsonNode config = new ObjectMapper().readTree(file.metadata().get("config"));
        this.width = config.get("hidden_size").asInt();
        this.heads = config.get("num_attention_heads").asInt();
        this.kvHeads = config.get("num_key_value_heads").asInt();
        this.headDim = config.get("head_dim").asInt();
        this.layers = config.get("num_hidden_layers").asInt();
        this.eps = config.get("rms_norm_eps").asDouble();
        this.theta = config.get("rope_theta").asDouble();
        this.tied = config.get("tie_word_embeddings").asBoolean();
    }

    /** Logits [T, V] of one sequence. */
    double[][] logits(int[] tokens) {
        double[][] table = matrix("model.embed_tokens.weight");
        double[][] x = new double[tokens.length][];
        for (int t = 0; t < tokens.length; t++) {
            x[t] = table[tokens[t]].clone();
        }
        for (int layer = 0; layer < layers; layer++) {
            String block = "model.layers." + layer + ".";
            add(x, attention(block + "self_attn.", rmsNorm(x, vector(block + "input_layernorm.weight"))));
            add(x, feedForward(block + "mlp.", rmsNorm(x, vector(block + "post_attention_layernorm.weight"))));
        }
        return linear(rmsNorm(x, vector("model.norm.weight")), tied ? "model.embed_tokens.weight" : "lm_head.weight");
    }

    private double[][] attention(String module, double[][] h) {
        double[][] q = positions(linear(h, module + "q_proj.weight"), heads, module + "q_norm.weight");
        double[][] k = positions(linear(h, module + "k_proj.weight"), kvHeads, module + "k_norm.weight");
        double[][] v = linear(h, module + "v_proj.weight");
        double[][] out = new double[h.length][heads * headDim];
        for (int head = 0; head < heads; head++) {
            int of = head / (heads / kvHeads) * headDim;
            for (int t = 0; t < h.length; t++) {
                double[] p = new double[t + 1];
                double sum = 0;
                for (int s = 0; s <= t; s++) {
                    for (int i = 0; i < headDim; i++) {
                        p[s] += q[t][head * headDim + i] * k[s][of + i] / Math.sqrt(headDim);
                    }
                    p[s] = Math.exp(p[s]);
                    sum += p[s];
                }
                for (int s = 0; s <= t; s++) {
                    for (int i = 0; i < headDim; i++) {
                        out[t][head * headDim + i] += p[s] / sum * v[s][of + i];
                    }
                }
            }
        }
        return linear(out, module + "o_proj.weight");
    }

    /** The optional norm, then q · cos + rotate_half(q) · sin with cos and sin of two equal halves. */
    private double[][] positions(double[][] x, int count, String norm) {
        double[] gain = file.names().contains(norm) ? vector(norm) : null;
        double[][] out = new double[x.length][count * headDim];
        int half = headDim / 2;
        for (int t = 0; t < x.length; t++) {
            for (int head = 0; head < count; head++) {
                double[] one = java.util.Arrays.copyOfRange(x[t], head * headDim, (head + 1) * headDim);
                double[] in = gain == null ? one : rmsNorm(new double[][] {one}, gain)[0];
                for (int i = 0; i < headDim; i++) {
                    double angle = t / Math.pow(theta, 2.0 * (i % half) / headDim);
                    double rotated = i < half ? -in[i + half] : in[i - half];
                    out[t][head * headDim + i] = in[i] * Math.cos(angle) + rotated * Math.sin(angle);
                }
            }
        }
        return out;
    }

    private double[][] feedForward(String module, double[][] h) {
        double[][] gate = linear(h, module + "gate_proj.weight");
        double[][] up = linear(h, module + "up_proj.weight");
        for (int t = 0; t < h.length; t++) {
            for (int i = 0; i < gate[t].length; i++) {
                gate[t][i] *= up[t][i] / (1 + Math.exp(-gate[t][i]));
            }
        }
        return linear(gate, module + "down_proj.weight");
    }

    private double[][] rmsNorm(double[][] x, double[] gain) {
        double[][] out = new double[x.length][gain.length];
        for (int t = 0; t < x.length; t++) {
            double square = 0;
            for (double value : x[t]) {
                square += value * value;
            }
            for (int i = 0; i < gain.length; i++) {
                out[t][i] = x[t][i] / Math.sqrt(square / gain.length + eps) * gain[i];
            }
        }
        return out;
    }

    private double[][] linear(double[][] x, String weight) {
        double[][] w = matrix(weight);
        double[][] out = new double[x.length][w.length];
        for (int t = 0; t < x.length; t++) {
            for (int o = 0; o < w.length; o++) {
                for (int i = 0; i < w[o].length; i++) {
                    out[t][o] += w[o][i] * x[t][i];
                }
            }
        }
        return out;
    }

    private void add(double[][] x, double[][] branch) {
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < width; i++) {
                x[t][i] += branch[t][i];
            }
        }
    }

    private double[] vector(String name) {
        return file.values(name);
    }

    private double[][] matrix(String name) {
        int[] shape = file.shape(name);
        double[] values = file.values(name);
        double[][] rows = new double[shape[0]][];
        for (int r = 0; r < rows.length; r++) {
            rows[r] = java.util.Arrays.copyOfRange(values, r * shape[1], (r + 1) * shape[1]);
        }
        return rows;
    }
}
