package org.windtunnel.analysis.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.XYStyler;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.study.StudyResult;

/** The two main charts as pictures, for a README and for logs that cannot show HTML; needs no display. */
public final class PngCharts {
    /** Loss against learning rate, one panel a group. */
    public static final String LR_SWEEP = "lr-sweep.png";

    /** The fitted law over tokens and over parameters. */
    public static final String LAW = "law.png";

    private static final int WIDTH = 820;
    private static final int HEIGHT = 560;
    private static final Color INK = new Color(0x1b2028);
    private static final Color GRID = new Color(0xe4e8ec);

    /** Viridis without its lightest part, which a white page swallows. */
    private static final int[] SIZES = {0x440154, 0x414487, 0x2a788e, 0x22a884, 0x5ec962};

    private PngCharts() {}

    /**
     * Writes the charts that the study has data for.
     *
     * @param directory made if it is not there
     * @return the files written; empty when there is neither a bowl nor a law
     * @throws AnalysisException if a file cannot be written
     */
    public static List<Path> write(StudyResult result, Path directory) {
        List<Path> written = new ArrayList<>();
        try {
            Files.createDirectories(directory);
            save(LrPicture.panels(result), directory.resolve(LR_SWEEP), written);
            save(LawPicture.panels(result), directory.resolve(LAW), written);
        } catch (IOException e) {
            throw new AnalysisException(
                    "Cannot write pictures to " + directory + " (" + e + "); choose a directory that can"
                            + " be written to",
                    e);
        }
        return written;
    }

    private static void save(List<XYChart> panels, Path file, List<Path> written) throws IOException {
        if (!panels.isEmpty()) {
            BitmapEncoder.saveBitmap(panels, 1, panels.size(), file.toString(), BitmapFormat.PNG);
            written.add(file);
        }
    }

    /** An empty panel in the report's style. */
    static XYChart panel(String title, String x, String y) {
        return panel(title, x, y, WIDTH, HEIGHT);
    }

    /** The same of another size in pixels. */
    static XYChart panel(String title, String x, String y, int width, int height) {
        XYChart chart = new XYChartBuilder()
                .width(width)
                .height(height)
                .title(title)
                .xAxisTitle(x)
                .yAxisTitle(y)
                .build();
        XYStyler styler = chart.getStyler();
        styler.setChartBackgroundColor(Color.WHITE);
        styler.setPlotBorderVisible(false);
        styler.setPlotGridLinesColor(GRID);
        styler.setPlotGridLinesStroke(new BasicStroke(1f));
        styler.setAxisTickMarksColor(GRID);
        styler.setChartFontColor(INK);
        styler.setAxisTickLabelsColor(INK);
        styler.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 18));
        styler.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 16));
        styler.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
        styler.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
        styler.setLegendBorderColor(GRID);
        styler.setLegendPosition(Styler.LegendPosition.OutsideS);
        styler.setLegendLayout(Styler.LegendLayout.Horizontal);
        styler.setYAxisDecimalPattern("0.00");
        styler.setMarkerSize(9);
        styler.setXAxisTickMarkSpacingHint(120);
        return chart;
    }

    /** Colour of a value by its rank among all values. */
    static Color colour(double value, TreeSet<Double> all) {
        if (all.size() == 1) {
            return new Color(SIZES[2]);
        }
        double place = (SIZES.length - 1.0) * all.headSet(value).size() / (all.size() - 1);
        int below = Math.min(SIZES.length - 2, (int) place);
        double share = place - below;
        Color a = new Color(SIZES[below]);
        Color b = new Color(SIZES[below + 1]);
        return new Color(mix(a.getRed(), b.getRed(), share), mix(a.getGreen(), b.getGreen(), share),
                mix(a.getBlue(), b.getBlue(), share));
    }

    private static int mix(int a, int b, double share) {
        return (int) Math.round(a + share * (b - a));
    }

    static double log2(double value) {
        return Math.log(value) / Math.log(2);
    }
}
