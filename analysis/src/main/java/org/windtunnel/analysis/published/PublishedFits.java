package org.windtunnel.analysis.published;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.windtunnel.analysis.AnalysisException;

/** Repeats published fits from folders of published data. */
public final class PublishedFits {
    private static final List<PublishedFit> FITS = List.of(
            new ChinchillaFits(),
            new GemstonesFits(),
            new OverTrainingFits(),
            new AnnealingFits(),
            new StepLawFits(),
            new IsoFlopFits(),
            new DataConstrainedFits(),
            new CheckpointFits(),
            new ParallelScalingFits(),
            new BrokenPowerLawFits(),
            new FarseerFits());

    private PublishedFits() {}

    /** Names of the folders that can be checked. */
    public static List<String> folders() {
        return FITS.stream().map(PublishedFit::folder).toList();
    }

    /** Whether a folder holds one of these fits. */
    public static boolean knows(Path folder) {
        return Files.isRegularFile(folder.resolve("expected.json")) && folders().contains(name(folder));
    }

    private static String name(Path folder) {
        return folder.toAbsolutePath().normalize().getFileName().toString();
    }

    /**
     * Repeats the fits of a folder.
     *
     * @throws AnalysisException if the folder is unknown, or a file is missing or malformed
     */
    public static List<Comparison> check(Path folder) {
        PublishedFit fit = FITS.stream()
                .filter(f -> f.folder().equals(name(folder)))
                .findFirst()
                .orElseThrow(() -> new AnalysisException("expected a folder of published fits, one of "
                        + String.join(", ", folders()) + ", found " + folder));
        Path expected = folder.resolve("expected.json");
        try {
            JsonNode root = new ObjectMapper().readTree(Files.readString(expected));
            return fit.check(folder, root);
        } catch (IOException e) {
            throw new AnalysisException("Cannot read " + expected + ": " + e.getMessage(), e);
        }
    }
}
