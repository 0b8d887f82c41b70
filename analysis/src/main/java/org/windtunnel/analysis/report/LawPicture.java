package org.windtunnel.analysis.report;

import java.awt.Color;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;
import org.windtunnel.analysis.fit.ParameterEstimate;
import org.windtunnel.analysis.plan.Slice;
import org.windtunnel.analysis.study.LawStudy;
import org.windtunnel.analysis.study.StudyResult;

/** The fitted law as a picture: lines with bands, fitted points as circles, held-out ones as diamonds. */
final class LawPicture {
    private static final Color SOFT = new Color(0x5a6472);
    private static final Color KNOWN = new Color(0xb42318);
    private static final int BAND_ALPHA = 36;

    private final StudyResult result;
    private final LawStudy law;
    private final LawChart.Axes axes;

    private LawPicture(StudyResult result) {
        this.result = result;
        law = result.law();
        axes = new LawChart.Axes(result);
    }

    /** Empty without a law that can be cut along a variable. */
    static List<XYChart> panels(StudyResult result) {
        if (result.law() == null || result.law().slices().isEmpty()) {
            return List.of();
        }
        LawPicture picture = new LawPicture(result);
        return result.law().slices().stream()
                .map(Slice::variable)
                .distinct()
                .sorted()
                .map(picture::panel)
                .toList();
    }

    private XYChart panel(String variable) {
        List<Slice> slices =
                law.slices().stream().filter(s -> s.variable().equals(variable)).toList();
        XYChart chart = PngCharts.panel(
                law.formula(), LawChart.title(variable, result.unit()), LawChart.output(law, result.unit()));
        TreeSet<Double> held = LawChart.held(law, variable);
        slices.forEach(slice -> slice(chart, slice, colour(slice.fixed(), held)));
        points(chart, variable, null, held);
        held.forEach(value -> points(chart, variable, value, held));
        double from = slices.stream().mapToDouble(s -> s.x()[0]).min().getAsDouble();
        double to = slices.stream().mapToDouble(s -> s.x()[s.x().length - 1]).max().getAsDouble();
        levels(chart, Math.log10(from), Math.log10(to));
        chart.getStyler().setXAxisMin(Math.log10(from / 1.2));
        chart.getStyler().setXAxisMax(Math.log10(to));
        chart.getStyler().setYAxisMin(axes.lowest());
        chart.getStyler().setYAxisMax(axes.highest());
        chart.getStyler().setxAxisTickLabelsFormattingFunction(x -> Format.si(Math.pow(10, x)));
        return chart;
    }

    private void slice(XYChart chart, Slice slice, Color colour) {
        double[] x = Arrays.stream(slice.x()).map(Math::log10).toArray();
        int split = (int) Arrays.stream(slice.x()).filter(v -> v <= slice.measuredTo() * (1 + 1e-9)).count();
        int count = x.length;
        double[] ringX = new double[2 * count];
        double[] ringY = new double[2 * count];
        for (int i = 0; i < count; i++) {
            ringX[i] = x[i];
            ringY[i] = clip(slice.lo()[i]);
            ringX[2 * count - 1 - i] = x[i];
            ringY[2 * count - 1 - i] = clip(slice.hi()[i]);
        }
        XYSeries band = chart.addSeries(slice.label() + " band", ringX, ringY);
        band.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.PolygonArea);
        band.setFillColor(new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), BAND_ALPHA));
        band.setMarker(SeriesMarkers.NONE);
        band.setLineStyle(SeriesLines.NONE).setShowInLegend(false);
        if (split > 0) {
            line(chart, slice.label().isEmpty() ? "law" : slice.label(), x, slice.loss(), 0, split, colour);
        }
        if (split < count) {
            line(chart, slice.label() + " beyond", x, slice.loss(), Math.max(0, split - 1), count, colour)
                    .setLineStyle(SeriesLines.DASH_DASH)
                    .setShowInLegend(false);
        }
    }

    private double clip(double loss) {
        return Math.max(axes.lowest(), Math.min(axes.highest(), loss));
    }

    private XYSeries line(XYChart chart, String name, double[] x, double[] loss, int from, int to, Color colour) {
        double[] y = Arrays.stream(loss, from, to).map(this::clip).toArray();
        XYSeries series = chart.addSeries(name, Arrays.copyOfRange(x, from, to), y);
        series.setLineColor(colour);
        series.setLineWidth(2f);
        series.setMarker(SeriesMarkers.NONE);
        return series;
    }

    private static Color colour(Double held, TreeSet<Double> all) {
        return held == null ? SOFT : PngCharts.colour(held, all);
    }

    /** Points whose other variable is held at a value; null for those of a law of one variable. */
    private void points(XYChart chart, String variable, Double value, TreeSet<Double> held) {
        for (boolean heldOut : new boolean[] {false, true}) {
            List<LawStudy.Point> points = law.points().stream()
                    .filter(p -> p.heldOut() == heldOut)
                    .filter(p -> Objects.equals(value, LawChart.heldBy(law, p, variable, held)))
                    .toList();
            if (!points.isEmpty()) {
                double[] x = points.stream().mapToDouble(p -> Math.log10(LawChart.along(law, p, variable))).toArray();
                double[] y = points.stream().mapToDouble(LawStudy.Point::loss).toArray();
                XYSeries series = chart.addSeries((heldOut ? "held out " : "fitted ") + value, x, y);
                series.setMarker(heldOut ? SeriesMarkers.DIAMOND : SeriesMarkers.CIRCLE);
                series.setMarkerColor(colour(value, held));
                series.setLineStyle(SeriesLines.NONE).setShowInLegend(false);
            }
        }
    }

    private void levels(XYChart chart, double from, double to) {
        ParameterEstimate e = axes.irreducible();
        if (e != null && e.value() > axes.lowest()) {
            level(chart, "E = " + Format.parameter(e.value()), from, to, e.value(), SOFT);
        }
        if (result.entropy() != null) {
            double entropy = result.entropy().entropy();
            level(chart, "entropy = " + Format.parameter(entropy), from, to, entropy, KNOWN);
        }
    }

    private static void level(XYChart chart, String name, double from, double to, double loss, Color colour) {
        XYSeries series = chart.addSeries(name, new double[] {from, to}, new double[] {loss, loss});
        series.setLineColor(colour);
        series.setLineWidth(1.5f);
        series.setMarker(SeriesMarkers.NONE);
        series.setLineStyle(SeriesLines.DASH_DASH);
    }
}
