package org.windtunnel.analysis.study;

import java.util.ArrayList;
import java.util.List;

/** Text for a terminal of 100 columns. */
final class Wrapped {
    private static final int WIDTH = 100;

    private Wrapped() {}

    /** A text, broken at blanks; lines after the first are indented by the prefix's length. */
    static List<String> lines(String prefix, String text) {
        List<String> lines = new ArrayList<>();
        String indent = " ".repeat(prefix.length());
        StringBuilder line = new StringBuilder(prefix);
        boolean empty = true;
        for (String word : text.split(" ")) {
            if (!empty && line.length() + 1 + word.length() > WIDTH) {
                lines.add(line.toString());
                line = new StringBuilder(indent);
                empty = true;
            }
            line.append(empty ? "" : " ").append(word);
            empty = false;
        }
        lines.add(line.toString());
        return lines;
    }
}
