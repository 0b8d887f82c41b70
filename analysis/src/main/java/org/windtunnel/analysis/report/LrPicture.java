package org.windtunnel.analysis.report;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;
import org.windtunnel.analysis.study.StudyResult;
import org.windtunnel.analysis.transfer.LrBowl;
import org.windtunnel.analysis.transfer.LrOptimum;
import org.windtunnel.analysis.transfer.LrPoint;
import org.windtunnel.analysis.transfer.TransferGroup;

/** Loss against learning rate as a picture: one panel a group, optima as diamonds with their intervals. */
final class LrPicture {
    private final String axis;
    private final LossRange range;
    private final String unit;
    private final TreeSet<Double> widths = new TreeSet<>();
    private final TreeSet<Double> rates = new TreeSet<>();

    private LrPicture(String axis, String unit, List<TransferGroup> groups) {
        this.unit = unit;
        this.axis = axis;
        range = LossRange.of(groups);
        for (TransferGroup group : groups) {
            for (LrBowl bowl : group.bowls()) {
                widths.add(bowl.width());
                bowl.points().forEach(p -> rates.add(p.lr()));
            }
        }
    }

    /** Empty when no run of a bowl has a finite loss. */
    static List<XYChart> panels(StudyResult result) {
        List<TransferGroup> groups = result.transfer();
        if (LossRange.of(groups) == null) {
            return List.of();
        }
        LrPicture picture = new LrPicture(result.options().axis(), result.unit(), groups);
        return groups.stream().map(picture::panel).toList();
    }

    private XYChart panel(TransferGroup group) {
        XYChart chart = PngCharts.panel(group.label(), "learning rate", "final loss (nats per " + unit + ")");
        chart.getStyler().setYAxisMin(range.floor());
        chart.getStyler().setYAxisMax(range.ceiling());
        chart.getStyler().setXAxisMin(PngCharts.log2(rates.first()) - 0.25);
        chart.getStyler().setXAxisMax(PngCharts.log2(rates.last()) + 0.25);
        chart.getStyler().setxAxisTickLabelsFormattingFunction(x -> Format.rate(Math.pow(2, x)));
        group.bowls().forEach(bowl -> bowl(chart, bowl));
        return chart;
    }

    private void bowl(XYChart chart, LrBowl bowl) {
        String name = axis + " " + Format.si(bowl.width());
        List<Double> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        List<Double> lost = new ArrayList<>();
        for (LrPoint point : bowl.points()) {
            if (point.diverged() || point.loss() > range.ceiling()) {
                lost.add(PngCharts.log2(point.lr()));
            } else {
                x.add(PngCharts.log2(point.lr()));
                y.add(point.loss());
            }
        }
        if (!x.isEmpty()) {
            style(chart.addSeries(name, x, y), bowl, true).setMarker(SeriesMarkers.CIRCLE);
        }
        if (!lost.isEmpty()) {
            List<Double> top = lost.stream()
                    .map(l -> range.ceiling() - 0.015 * (range.ceiling() - range.floor()))
                    .toList();
            style(chart.addSeries(name + " diverged", lost, top), bowl, false).setMarker(SeriesMarkers.TRIANGLE_UP);
        }
        if (bowl.optimum() != null) {
            optimum(chart, bowl, name);
        }
    }

    private void optimum(XYChart chart, LrBowl bowl, String name) {
        LrOptimum optimum = bowl.optimum();
        double lo = PngCharts.log2(optimum.lo() == null ? rates.first() : optimum.lo());
        double hi = PngCharts.log2(optimum.hi() == null ? rates.last() : optimum.hi());
        double[] level = {optimum.loss(), optimum.loss()};
        XYSeries bar = style(chart.addSeries(name + " interval", new double[] {lo, hi}, level), bowl, true);
        bar.setMarker(SeriesMarkers.NONE).setShowInLegend(false);
        bar.setLineWidth(4f);
        double[] at = {PngCharts.log2(optimum.lr())};
        style(chart.addSeries(name + " optimum", at, new double[] {optimum.loss()}), bowl, false)
                .setMarker(SeriesMarkers.DIAMOND);
    }

    /** Series without a line are marks of another series and stay out of the legend. */
    private XYSeries style(XYSeries series, LrBowl bowl, boolean line) {
        series.setLineColor(PngCharts.colour(bowl.width(), widths));
        series.setMarkerColor(PngCharts.colour(bowl.width(), widths));
        series.setLineStyle(line ? SeriesLines.SOLID : SeriesLines.NONE);
        series.setLineWidth(2f);
        series.setShowInLegend(line);
        return series;
    }
}
