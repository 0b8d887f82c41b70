package org.windtunnel.diag;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.DiagnosticsSpec;
import org.windtunnel.nn.Model;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Role;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/**
 * Measures a model around one training step: {@link #beforeUpdate} between its backward pass and its update, {@link
 * #afterUpdate} after the update, and then {@link #measure} on a batch of its own.
 *
 * <p>Overwrites activations and gradients, which the next step overwrites anyhow; weights and buffers are what they were,
 * bit for bit, when a call returns. Steps without diagnostics are not touched. Used by the thread that trains.
 */
public final class Diagnostics {
    private final DiagnosticsSpec spec;
    private final Backend backend;
    private final Model model;
    private final Tensor copy;
    private final ParameterNorms norms;
    private final AttentionStatistics attention;
    private final SpectralNorm spectrum;
    private final Sharpness sharpness;
    private final List<Tensor> buffers;
    private final List<Tensor> savedBuffers = new ArrayList<>();
    private final double[] sums = new double[3];
    private final Map<String, Double> seconds = new LinkedHashMap<>();
    private double[] topSingularValues = new double[0];

    /**
     * Takes the memory that the measurements need, for as long as {@code memory} lives.
     *
     * @param backend null if {@code memory} only counts; nothing can be measured then
     * @param context tokens of a sequence
     * @param zWeight weight of the z-loss, part of the loss whose sharpness is measured
     */
    public Diagnostics(
            DiagnosticsSpec spec, Backend backend, Model model, int context, double zWeight, Allocator memory) {
        this.spec = spec;
        this.backend = backend;
        this.model = model;
        int n = model.parameters().weights().intSize();
        HostVectors host = new HostVectors();
        this.copy = memory.take(n);
        this.sharpness = spec.sharpnessEvery() == 0
                ? null
                : new Sharpness(backend, model, n, zWeight, host, spec.sharpnessSteps(), memory);
        Tensor update = sharpness == null ? memory.take(n) : sharpness.scratch();
        this.norms = new ParameterNorms(backend, model, copy, update);
        this.attention = spec.attention() ? new AttentionStatistics(backend, context, memory) : null;
        this.spectrum = spec.spectrum() ? spectrum(backend, model, host, memory) : null;
        this.buffers = List.copyOf(model.buffers().values());
        buffers.forEach(b -> savedBuffers.add(memory.take(b.shape())));
    }

    private static SpectralNorm spectrum(Backend backend, Model model, HostVectors host, Allocator memory) {
        int small = 1;
        int large = 1;
        for (ParamSpec p : model.parameters().specs()) {
            if (hasSpectrum(p)) {
                int rows = p.shape()[0];
                int columns = Math.toIntExact(p.size() / rows);
                small = Math.max(small, Math.min(rows, columns));
                large = Math.max(large, Math.max(rows, columns));
            }
        }
        return new SpectralNorm(backend, host, small, large, memory);
    }

    /** Filters of a convolution count as the matrix [out, rest]. */
    private static boolean hasSpectrum(ParamSpec p) {
        return p.role() == Role.HIDDEN && p.shape().length >= 2;
    }

    /** Whether the step after which {@code step} steps are finished is measured. */
    public boolean isDue(long step) {
        return spec.enabled() && step % spec.every() == 0;
    }

    /** Notes weights and gradients of a step that is due. */
    public void beforeUpdate() {
        seconds.clear();
        timed("norms", norms::beforeUpdate);
    }

    /** Notes what the update did. */
    public void afterUpdate() {
        timed("norms", norms::afterUpdate);
    }

    /**
     * Measures the model on the batch that it holds, which every measurement of a run should share.
     *
     * @param step finished steps
     * @param rows targets of that batch that count
     */
    public Measurement measure(long step, long rows) {
        for (int i = 0; i < buffers.size(); i++) {
            backend.copy(buffers.get(i), savedBuffers.get(i));
        }
        ForwardProbe probe = new ForwardProbe(backend, attention);
        double[] z = new double[1];
        timed("forward", () -> z[0] = forward(probe));
        double loss = sums[0] / sums[2];
        if (spectrum != null) {
            timed("spectrum", this::spectra);
        }
        Sharpness.Result[] sharp = new Sharpness.Result[1];
        if (sharpness != null && step % spec.sharpnessEvery() == 0) {
            timed("sharpness", () -> {
                backend.copy(model.parameters().weights(), copy);
                sharp[0] = sharpness.measure(copy, rows);
            });
        }
        for (int i = 0; i < buffers.size(); i++) {
            backend.copy(savedBuffers.get(i), buffers.get(i));
        }
        return new Measurement(
                loss, z[0], probe.rms(), probe.attentions(), parameters(), sharp[0], new LinkedHashMap<>(seconds));
    }

    private double forward(ForwardProbe probe) {
        model.setProbe(probe);
        try {
            model.evaluate(sums);
        } finally {
            model.setProbe(null);
        }
        return probe.logPartition();
    }

    private void spectra() {
        List<ParamSpec> specs = model.parameters().specs();
        topSingularValues = new double[specs.size()];
        for (int i = 0; i < specs.size(); i++) {
            ParamSpec p = specs.get(i);
            int rows = p.shape()[0];
            topSingularValues[i] = hasSpectrum(p)
                    ? spectrum.of(model.parameters().weight(p.name()).reshape(rows, Math.toIntExact(p.size() / rows)))
                    : Double.NaN;
        }
    }

    private Map<String, Measurement.Parameter> parameters() {
        Map<String, Measurement.Parameter> out = new LinkedHashMap<>();
        List<ParamSpec> specs = model.parameters().specs();
        for (int i = 0; i < specs.size(); i++) {
            out.put(specs.get(i).name(), new Measurement.Parameter(norms.weight(i), norms.gradient(i), norms.update(i),
                    spectrum == null ? Double.NaN : topSingularValues[i]));
        }
        return out;
    }

    private void timed(String what, Runnable measurement) {
        long start = System.nanoTime();
        measurement.run();
        backend.synchronize();
        seconds.merge(what, (System.nanoTime() - start) / 1e9, Double::sum);
    }
}
