package org.windtunnel.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Curves as text: braille characters of two by four dots, with the range of y at the left. */
final class BrailleChart {
    private static final int LABEL = 8;
    /** Bits of a braille character by row and column of its dots. */
    private static final int[][] DOTS = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

    private final int columns;
    private final int rows;
    private final int[][] cells;
    private final Ansi[][] colours;
    private double fromX = Double.POSITIVE_INFINITY;
    private double toX = Double.NEGATIVE_INFINITY;
    private double fromY = Double.POSITIVE_INFINITY;
    private double toY = Double.NEGATIVE_INFINITY;
    private final List<Series> all = new ArrayList<>();

    private record Series(double[] x, double[] y, Ansi colour) {}

    /** @param width in characters, labels included @param rows in lines */
    BrailleChart(int width, int rows) {
        this.columns = Math.max(10, width - LABEL - 2);
        this.rows = rows;
        cells = new int[rows][columns];
        colours = new Ansi[rows][columns];
    }

    /** Adds a curve over positive x, which is drawn on a log axis; later ones lie on top. */
    void add(double[] x, double[] y, Ansi colour) {
        all.add(new Series(x, y, colour));
        double first = Double.NaN;
        for (int i = 0; i < x.length; i++) {
            if (x[i] > 0 && Double.isFinite(y[i])) {
                first = Double.isNaN(first) ? y[i] : first;
                fromX = Math.min(fromX, Math.log(x[i]));
                toX = Math.max(toX, Math.log(x[i]));
                fromY = Math.min(fromY, y[i]);
            }
        }
        // Spikes above where the curves start would press everything else flat.
        toY = Double.isNaN(first) ? toY : Math.max(toY, first);
    }

    /** The lines of the chart; empty while there is no point. */
    List<String> lines(String title) {
        if (!(toX >= fromX)) {
            return List.of();
        }
        all.forEach(this::draw);
        List<String> lines = new ArrayList<>();
        for (int r = 0; r < rows; r++) {
            double y = rows == 1 ? toY : toY - (toY - fromY) * r / (rows - 1);
            String label = r == 0 || r == rows - 1 || r == rows / 2 ? String.format(Locale.ROOT, "%.3f", y) : "";
            StringBuilder line = new StringBuilder(" ".repeat(Math.max(0, LABEL - label.length())));
            line.append(label).append(" ▏");
            for (int c = 0; c < columns; ) {
                int from = c;
                StringBuilder dots = new StringBuilder();
                while (c < columns && colours[r][c] == colours[r][from]) {
                    dots.append(cells[r][c] == 0 ? ' ' : (char) (0x2800 + cells[r][c]));
                    c++;
                }
                line.append(colours[r][from] == null ? dots : colours[r][from].of(dots.toString()));
            }
            lines.add(line.toString().stripTrailing());
        }
        lines.add(" ".repeat(LABEL + 2) + Ansi.DIM.of(title + ", " + Terminal.count(Math.rint(Math.exp(fromX))) + " to "
                + Terminal.count(Math.rint(Math.exp(toX))) + " tokens, log scale"));
        return lines;
    }

    private void draw(Series series) {
        int lastX = -1;
        int lastY = -1;
        for (int i = 0; i < series.x.length; i++) {
            if (!(series.x[i] > 0) || !Double.isFinite(series.y[i])) {
                continue;
            }
            int x = place(Math.log(series.x[i]), fromX, toX, 2 * columns);
            int y = 4 * rows - 1 - place(Math.min(series.y[i], toY), fromY, toY, 4 * rows);
            if (lastX < 0) {
                dot(x, y, series.colour);
            } else {
                line(lastX, lastY, x, y, series.colour);
            }
            lastX = x;
            lastY = y;
        }
    }

    private static int place(double value, double from, double to, int count) {
        return to > from ? (int) Math.round((value - from) / (to - from) * (count - 1)) : 0;
    }

    private void line(int x0, int y0, int x1, int y1, Ansi colour) {
        int steps = Math.max(1, Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0)));
        for (int i = 0; i <= steps; i++) {
            dot(x0 + (x1 - x0) * i / steps, y0 + (y1 - y0) * i / steps, colour);
        }
    }

    private void dot(int x, int y, Ansi colour) {
        cells[y / 4][x / 2] |= DOTS[y % 4][x % 2];
        colours[y / 4][x / 2] = colour;
    }

    /** A curve in one line of {@code width} characters: its newest points, or all where they fit. */
    static String sparkline(double[] y, int width) {
        String levels = "▁▂▃▄▅▆▇█";
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (double v : y) {
            if (Double.isFinite(v)) {
                low = Math.min(low, v);
                high = Math.max(high, v);
            }
        }
        StringBuilder line = new StringBuilder();
        int points = Math.min(width, y.length);
        for (int i = 0; i < points; i++) {
            double v = y[points == 1 ? 0 : (int) ((long) i * (y.length - 1) / (points - 1))];
            int level = high > low ? (int) ((v - low) / (high - low) * (levels.length() - 1) + 0.5) : 0;
            line.append(Double.isFinite(v) ? levels.charAt(level) : '×');
        }
        return line.toString();
    }
}
