package org.windtunnel.config;

/**
 * Where a piece of configuration was written: a file position, or an argument such as {@code --set model.width=64}.
 *
 * @param source the file as the user named it, or the argument
 * @param line 1-based line, 0 when the source has no lines
 * @param column 1-based column, 0 when the source has no lines
 */
public record Origin(String source, int line, int column) {

    /** A source without lines, such as a command-line argument. */
    public static Origin of(String source) {
        return new Origin(source, 0, 0);
    }

    @Override
    public String toString() {
        return line == 0 ? source : source + ":" + line + ":" + column;
    }
}
