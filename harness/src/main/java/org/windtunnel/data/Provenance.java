package org.windtunnel.data;

import java.util.List;

/**
 * What a corpus was made from, enough to tell whether two runs saw the same data.
 *
 * @param source the data source's name as in the config, with its parameters where there are no files
 * @param items files or archives in the order in which they were read
 */
public record Provenance(String source, List<Item> items) {
    public Provenance {
        items = List.copyOf(items);
    }

    /**
     * One input.
     *
     * @param name path or file name
     * @param bytes size as stored
     * @param sha256 of the bytes as stored, lower-case hex
     */
    public record Item(String name, long bytes, String sha256) {}
}
