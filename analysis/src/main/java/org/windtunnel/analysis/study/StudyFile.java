package org.windtunnel.analysis.study;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.windtunnel.analysis.AnalysisException;

/** {@code study.json}, what a sweep directory keeps of the last study of its runs. */
public final class StudyFile {
    private static final Logger LOG = LoggerFactory.getLogger(StudyFile.class);
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    private static final String NAME = "study.json";

    private StudyFile() {}

    /**
     * Writes a result into a sweep directory.
     *
     * @throws AnalysisException if the file cannot be written
     */
    public static void write(StudyResult result, Path directory) {
        Path file = directory.resolve(NAME);
        try {
            Files.write(file, JSON.writeValueAsBytes(result));
        } catch (IOException e) {
            throw new AnalysisException(
                    "Cannot write " + file + ": " + e.getMessage() + ". Check space and permissions.", e);
        }
    }

    /**
     * What the last study of a sweep directory looked at, so that looking again needs no configuration.
     *
     * @return nothing if the directory was not studied yet, or if its file cannot be read, with a warning
     */
    public static Optional<StudyOptions> options(Path directory) {
        Path file = directory.resolve(NAME);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        // By token, for the runs that follow may be many.
        try (JsonParser parser = JSON.createParser(file.toFile())) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String field = parser.getCurrentName();
                parser.nextToken();
                if (field.equals("options")) {
                    return Optional.of(JSON.readValue(parser, StudyOptions.class));
                }
                parser.skipChildren();
            }
            LOG.warn("{}: expected the options of a study, found none; taking the usual ones", file);
        } catch (IOException e) {
            LOG.warn("{} cannot be read, taking the usual options: {}", file, e.getMessage());
        }
        return Optional.empty();
    }
}
