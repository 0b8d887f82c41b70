package org.windtunnel.schedule;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import org.windtunnel.config.ConfigException;

/** Gradient norms of an earlier run, read, resampled to this run's steps and smoothed. */
final class GradientNorms {
    private GradientNorms() {}

    /** Field {@code grad_norm} of every line of a run's {@code curve.jsonl}; a torn last line is left out. */
    static double[] ofCurve(Path file) {
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (IOException e) {
            throw new ConfigException("schedule: cannot read the curve " + file + " (" + e.getClass().getSimpleName()
                    + "); expected the curve.jsonl of an earlier run", e);
        }
        ObjectMapper json = new ObjectMapper();
        DoubleStream.Builder norms = DoubleStream.builder();
        for (int i = 0; i < lines.size(); i++) {
            try {
                JsonNode norm = json.readTree(lines.get(i)).path("grad_norm");
                if (!norm.isNumber()) {
                    throw new ConfigException("schedule: expected a number grad_norm in " + file + ":" + (i + 1)
                            + ", found " + (norm.isMissingNode() ? "none" : norm.toString()));
                }
                norms.add(norm.asDouble());
            } catch (JsonProcessingException e) {
                if (i < lines.size() - 1) {
                    throw new ConfigException("schedule: expected one JSON object a line, found " + file + ":" + (i + 1)
                            + ": " + e.getOriginalMessage(), e);
                }
            }
        }
        return norms.build().toArray();
    }

    /** Norms at {@code steps} evenly spaced points, linearly interpolated; the ends stay the ends. */
    static double[] resample(double[] norms, int steps) {
        if (norms.length == 0) {
            throw new ConfigException("schedule: expected gradient norms, found none");
        }
        if (norms.length == steps) {
            return norms.clone();
        }
        double[] out = new double[steps];
        for (int i = 0; i < steps; i++) {
            double at = steps == 1 ? 0 : (double) i * (norms.length - 1) / (steps - 1);
            int low = (int) Math.min(at, norms.length - 1);
            int high = Math.min(low + 1, norms.length - 1);
            out[i] = norms[low] + (at - low) * (norms[high] - norms[low]);
        }
        return out;
    }

    /** Median over a centred window of about {@code window} steps, cut off at the ends; 0 or 1 changes nothing. */
    static double[] medianFilter(double[] norms, int window) {
        int half = window / 2;
        if (half == 0) {
            return norms.clone();
        }
        double[] out = new double[norms.length];
        for (int i = 0; i < norms.length; i++) {
            double[] near = Arrays.copyOfRange(norms, Math.max(0, i - half), Math.min(norms.length, i + half + 1));
            Arrays.sort(near);
            int middle = near.length / 2;
            out[i] = near.length % 2 == 1 ? near[middle] : (near[middle - 1] + near[middle]) / 2;
        }
        return out;
    }
}
