package org.windtunnel.analysis.published;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;

/** The published fits of one folder of data. */
interface PublishedFit {

    /** Name of the folder. */
    String folder();

    /**
     * Repeats the fits.
     *
     * @param folder with the data
     * @param expected its {@code expected.json}
     */
    List<Comparison> check(Path folder, JsonNode expected);
}
