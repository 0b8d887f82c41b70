package org.windtunnel.cli;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Run directories with long generated curves, to measure reading with. */
final class GeneratedRuns {
    private static final int LINES_OF_A_RUN = 100_000;

    private GeneratedRuns() {}

    static void write(Path directory, int lines) throws IOException {
        int runs = Math.max(1, (lines + LINES_OF_A_RUN - 1) / LINES_OF_A_RUN);
        for (int run = 0; run < runs; run++) {
            Path own = Files.createDirectory(directory.resolve(String.format(Locale.ROOT, "run-%05d", run)));
            Files.writeString(own.resolve("manifest.json"), "{\"format\": 1, \"run_id\": \"" + own.getFileName()
                    + "\", \"params\": {\"total\": 123456, \"non_embedding\": 98304}, \"flops_per_token\": 786432}");
            curve(own.resolve("curve.jsonl"), Math.min(LINES_OF_A_RUN, lines - run * LINES_OF_A_RUN));
        }
    }

    private static void curve(Path file, int lines) throws IOException {
        try (BufferedWriter out = Files.newBufferedWriter(file)) {
            for (int i = 1; i <= lines; i++) {
                out.write("{\"step\": " + i + ", \"tokens\": " + 1024L * i + ", \"flops\": " + 8.05e8 * i
                        + ", \"lr\": 0.001"
                        + ", \"loss\": " + (2 + 3 * Math.pow(i, -0.3) + 0.01 * Math.sin(i)) + ", \"grad_norm\": "
                        + (1.93 + 0.1 * Math.cos(i)) + ", \"clip\": 0.52, \"tokens_per_s\": 31250.0, \"time_s\": "
                        + 0.033 * i + "}\n");
            }
        }
    }

    static void delete(Path directory) throws IOException {
        List<Path> all;
        try (Stream<Path> files = Files.walk(directory)) {
            all = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : all) {
            Files.delete(path);
        }
    }
}
