package org.windtunnel.analysis.report;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.SeriesMarkers;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.report.CoordCheckCurves.Curve;
import org.windtunnel.analysis.report.CoordCheckCurves.Measure;

/** A coordinate check as a picture, a panel a module; needs no display. */
public final class CoordCheckPicture {
    /** The change of every module's output against width. */
    public static final String FILE = "coord-check.png";

    private static final int COLUMNS = 4;
    private static final int WIDTH = 400;
    private static final int HEIGHT = 300;

    private CoordCheckPicture() {}

    /**
     * @param directory made if it is not there
     * @return the file written
     * @throws AnalysisException if it cannot be written, or nothing changed at any width
     */
    public static Path write(CoordCheckCurves check, Path directory) {
        List<XYChart> panels = panels(check);
        if (panels.isEmpty()) {
            throw new AnalysisException(
                    "Nothing changed in any module, so there is nothing to draw; raise the learning rate");
        }
        Path file = directory.resolve(FILE);
        try {
            Files.createDirectories(directory);
            ImageIO.write(image(panels), "png", file.toFile());
        } catch (IOException e) {
            throw new AnalysisException(
                    "Cannot write a picture to " + directory + " (" + e + "); choose a directory that can"
                            + " be written to",
                    e);
        }
        return file;
    }

    /** The panels in rows; the encoder's own grid has to be full. */
    private static BufferedImage image(List<XYChart> panels) {
        int columns = Math.min(COLUMNS, panels.size());
        int rows = (panels.size() + columns - 1) / columns;
        BufferedImage image = new BufferedImage(columns * WIDTH, rows * HEIGHT, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
        for (int i = 0; i < panels.size(); i++) {
            graphics.drawImage(
                    BitmapEncoder.getBufferedImage(panels.get(i)), i % columns * WIDTH, i / columns * HEIGHT, null);
        }
        graphics.dispose();
        return image;
    }

    /** One for every module that changes, all on the same axes. */
    static List<XYChart> panels(CoordCheckCurves check) {
        List<Curve> curves = check.curves().stream()
                .filter(c -> c.measure() == Measure.CHANGE && c.values().stream().anyMatch(v -> v > 0))
                .toList();
        double low = extreme(curves, -1);
        double high = extreme(curves, 1);
        TreeSet<Double> steps = new TreeSet<>();
        curves.forEach(c -> steps.add((double) c.step()));
        List<XYChart> panels = new ArrayList<>();
        for (String module : curves.stream().map(Curve::module).distinct().toList()) {
            XYChart chart = PngCharts.panel(module, "width", "mean |y − y₁|", WIDTH, HEIGHT);
            chart.getStyler().setYAxisMin(low - 0.5);
            chart.getStyler().setYAxisMax(high + 0.5);
            chart.getStyler().setXAxisTickMarkSpacingHint(60);
            chart.getStyler().setxAxisTickLabelsFormattingFunction(x -> Format.si(Math.pow(2, x)));
            chart.getStyler().setyAxisTickLabelsFormattingFunction(y -> Format.rate(Math.pow(2, y)));
            curves.stream()
                    .filter(c -> c.module().equals(module))
                    .forEach(c -> series(chart, check.widths(), c, steps));
            panels.add(chart);
        }
        return panels;
    }

    private static double extreme(List<Curve> curves, int sign) {
        return sign * curves.stream().flatMap(c -> c.values().stream()).filter(v -> v > 0)
                .mapToDouble(v -> sign * PngCharts.log2(v)).max().orElse(0);
    }

    private static void series(XYChart chart, List<Integer> widths, Curve curve, TreeSet<Double> steps) {
        List<Double> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        for (int i = 0; i < widths.size(); i++) {
            if (curve.values().get(i) > 0) {
                x.add(PngCharts.log2(widths.get(i)));
                y.add(PngCharts.log2(curve.values().get(i)));
            }
        }
        if (x.isEmpty()) {
            return;
        }
        XYSeries series = chart.addSeries("t" + curve.step(), x, y);
        series.setMarker(SeriesMarkers.CIRCLE);
        series.setLineColor(PngCharts.colour(curve.step(), steps));
        series.setMarkerColor(PngCharts.colour(curve.step(), steps));
        series.setLineWidth(2f);
    }
}
