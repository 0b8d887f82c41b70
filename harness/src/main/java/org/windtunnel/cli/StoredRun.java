package org.windtunnel.cli;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ConfigWriter;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.data.DataShape;
import org.windtunnel.interop.dl4j.ResNetExchange;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.train.BranchPoint;
import org.windtunnel.train.RunJob;

/** A run as its directory describes it. */
final class StoredRun {
    private static final ObjectMapper JSON = new ObjectMapper();

    private StoredRun() {}

    /** @throws ConfigException if it is no run directory, or its description is damaged */
    static RunJob read(Path directory) {
        Path absolute = directory.toAbsolutePath().normalize();
        String resolved = text(absolute, "resolved.yaml");
        ExperimentSpec spec = ConfigLoader.parse(resolved, directory.resolve("resolved.yaml").toString());
        JsonNode manifest = manifest(directory);
        BranchPoint branch = branch(manifest.path("parent"));
        String hash = RunJob.identity(spec, branch).substring(0, ConfigWriter.hash(spec).length());
        String found = manifest.path("hash").asText();
        if (!hash.equals(found)) {
            throw new ConfigException(directory + ": resolved.yaml is of run " + hash + ", manifest.json of run "
                    + found + "; one of them was changed. Start from the experiment file: windtunnel train CONFIG");
        }
        Map<String, Object> axes = manifest.path("axes").isObject()
                ? JSON.convertValue(manifest.path("axes"), new TypeReference<LinkedHashMap<String, Object>>() {})
                : Map.of();
        return new RunJob(
                manifest.path("sweep").asText(spec.name()),
                absolute.getFileName().toString(),
                manifest.path("slug").asText(),
                hash,
                axes,
                spec,
                text(absolute, "config.yaml"),
                branch);
    }

    /** What the examples of a run looked like. @throws ConfigException if its manifest does not say */
    static DataShape dataShape(Path directory) {
        JsonNode data = manifest(directory).path("data");
        JsonNode image = data.path("image");
        if (image.size() == 3 && data.path("classes").isInt()) {
            return new DataShape.Images(
                    image.get(0).asInt(), image.get(1).asInt(), image.get(2).asInt(), data.path("classes").asInt());
        }
        if (!data.path("vocab").canConvertToInt()) {
            throw new ConfigException(directory.resolve("manifest.json") + ": expected data.vocab, or data.image and "
                    + "data.classes, found neither");
        }
        return new DataShape.Tokens(data.path("vocab").asInt());
    }

    /** What the pixels of a run on images were normalised by; null where they were not. */
    static ResNetExchange.Pixels pixels(Path directory) {
        JsonNode data = manifest(directory).path("data");
        double[] mean = levels(data.path("pixel_mean"));
        double[] std = levels(data.path("pixel_std"));
        return mean.length == 0 || mean.length != std.length ? null : new ResNetExchange.Pixels(mean, std);
    }

    /** Shares of 255 as levels. */
    private static double[] levels(JsonNode shares) {
        return StreamSupport.stream(shares.spliterator(), false).mapToDouble(share -> 255 * share.asDouble()).toArray();
    }

    private static JsonNode manifest(Path directory) {
        try {
            JsonNode manifest = JSON.readTree(text(directory, "manifest.json"));
            if (manifest == null || !manifest.path("format").isInt()) {
                throw new ConfigException(directory.resolve("manifest.json") + " is no run manifest");
            }
            if (manifest.path("format").asInt() > RunDirectory.FORMAT) {
                throw new ConfigException(directory.resolve("manifest.json") + " has format " + manifest.path("format")
                        + ", this program knows up to " + RunDirectory.FORMAT
                        + "; use the version that wrote it or a newer one");
            }
            return manifest;
        } catch (IOException e) {
            throw new ConfigException(directory.resolve("manifest.json")
                    + " is damaged; start from the experiment file: windtunnel train CONFIG", e);
        }
    }

    private static BranchPoint branch(JsonNode parent) {
        return parent.isObject()
                ? new BranchPoint(
                        parent.path("run_id").asText(),
                        parent.path("identity").asText(),
                        parent.path("step").asLong())
                : null;
    }

    private static String text(Path directory, String name) {
        try {
            return Files.readString(directory.resolve(name));
        } catch (NoSuchFileException e) {
            throw new ConfigException("expected a run directory such as runs/quickstart/w64_1a2b3c4d, found no " + name
                    + " in " + directory, e);
        } catch (IOException e) {
            throw new ConfigException(directory.resolve(name) + ": cannot be read: " + e.getMessage(), e);
        }
    }
}
