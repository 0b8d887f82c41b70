package org.windtunnel.analysis.curve;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Reads a log of one JSON object a line, block by block: a log may be larger than the memory. */
final class LogReader {
    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
            .build();
    private static final int BLOCK = 1 << 18;
    /** Bad lines of a file that are named; the rest is counted. */
    private static final int NAMED = 5;

    private final Path file;
    private final Line line;
    private final List<String> problems;
    private byte[] block = new byte[BLOCK];
    private long number;
    private long bad;

    /** What takes a line. */
    interface Line {

        /**
         * One line.
         *
         * @param parser at the start of an object, to be read up to its end
         * @return whether it is a line of the log
         */
        boolean read(JsonParser parser) throws IOException;
    }

    private LogReader(Path file, Line line, List<String> problems) {
        this.file = file;
        this.line = line;
        this.problems = problems;
    }

    /** Hands on every line of a file, if it is there; those that are none go to {@code problems}, a torn last one aside. */
    static void read(Path file, Line line, List<String> problems) {
        if (!Files.isRegularFile(file)) {
            return;
        }
        LogReader reader = new LogReader(file, line, problems);
        try (InputStream in = Files.newInputStream(file)) {
            reader.read(in);
        } catch (IOException e) {
            problems.add(file + " cannot be read (" + e.getMessage() + "); skipped.");
        }
    }

    private void read(InputStream in) throws IOException {
        int held = 0;
        while (true) {
            if (held == block.length) {
                block = Arrays.copyOf(block, 2 * block.length);
            }
            int got = in.read(block, held, block.length - held);
            if (got < 0) {
                break;
            }
            int end = held + got;
            int from = lines(end);
            held = end - from;
            System.arraycopy(block, from, block, 0, held);
        }
        number++;
        parse(0, held);
        if (bad > NAMED) {
            problems.add(file + " has " + (bad - NAMED) + " more lines that are not log lines; skipped.");
        }
    }

    /** Takes the whole lines of the block; returns where the unfinished one starts. */
    private int lines(int end) {
        int from = 0;
        for (int i = 0; i < end; i++) {
            if (block[i] == '\n') {
                number++;
                if (!parse(from, i) && ++bad <= NAMED) {
                    problems.add(file + " line " + number + " is not a log line; skipped.");
                }
                from = i + 1;
            }
        }
        return from;
    }

    private boolean parse(int from, int to) {
        try (JsonParser parser = JSON.createParser(block, from, to - from)) {
            JsonToken first = parser.nextToken();
            return first == null || first == JsonToken.START_OBJECT && line.read(parser);
        } catch (IOException e) {
            // The bytes are in memory: whatever fails is the line, zero bytes that look like UTF-32 included.
            return false;
        }
    }

    /** The current value as a number, one of the quoted non-numbers, or NaN; nested values are passed over. */
    static double number(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_STRING -> switch (parser.getText()) {
                case "Infinity", "+Infinity", "INF" -> Double.POSITIVE_INFINITY;
                case "-Infinity", "-INF" -> Double.NEGATIVE_INFINITY;
                default -> Double.NaN;
            };
            default -> {
                parser.skipChildren();
                yield Double.NaN;
            }
        };
    }
}
