package org.windtunnel.analysis.fit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.List;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.law.HeldLaw;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.Laws;

/** Fits as JSON files, and fits read back to predict with. */
public final class FitFile {
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    private FitFile() {}

    /**
     * Writes a fit.
     *
     * @throws AnalysisException if the file cannot be written
     */
    public static void write(TableFit fit, Path file) {
        try {
            if (file.toAbsolutePath().getParent() != null) {
                Files.createDirectories(file.toAbsolutePath().getParent());
            }
            Files.write(file, JSON.writeValueAsBytes(fit));
        } catch (IOException e) {
            throw new AnalysisException(
                    "Cannot write " + file + ": " + e.getMessage() + ". Check space and permissions.", e);
        }
    }

    /**
     * Reads a fit.
     *
     * @throws AnalysisException if the file cannot be read, is no fit, or comes from a newer version
     */
    public static TableFit read(Path file) {
        try {
            JsonNode root = JSON.readTree(Files.readString(file));
            int format = root.path("format").asInt(0);
            if (format < 1 || !root.path("theta").isArray()) {
                throw new AnalysisException(
                        file + ": expected a fit that `windtunnel fit --out` wrote, found other JSON.");
            }
            if (format != TableFit.FORMAT) {
                throw new AnalysisException(file + ": expected a fit of format " + TableFit.FORMAT + ", found " + format
                        + (format > TableFit.FORMAT ? ". Update windtunnel." : ". Fit again."));
            }
            return JSON.treeToValue(root, TableFit.class);
        } catch (JsonProcessingException e) {
            throw new AnalysisException(
                    file + ": expected a fit that `windtunnel fit --out` wrote, found " + e.getOriginalMessage(), e);
        } catch (NoSuchFileException e) {
            throw new AnalysisException(
                    file + ": expected a fit that `windtunnel fit --out` wrote, found nothing. Check the path.", e);
        } catch (IOException e) {
            throw new AnalysisException("Cannot read the fit " + file + ": " + e.getMessage() + ". Check the path.", e);
        }
    }

    /** The law with its parameters. */
    public static FittedLaw law(TableFit fit) {
        Law law = form(fit);
        return new FittedLaw(law, fit.theta(), fit.objective(), 0, fit.converged(), List.of());
    }

    /** The resampled parameters. */
    public static Bootstrap bootstrap(TableFit fit) {
        return Bootstrap.of(form(fit), fit.resamples(), fit.level());
    }

    private static Law form(TableFit fit) {
        return HeldLaw.of(Laws.named(fit.law()), fit.held() == null ? Map.of() : fit.held());
    }
}
