package org.windtunnel.analysis.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.report.CoordCheckCurves.Curve;
import org.windtunnel.analysis.report.CoordCheckCurves.Fact;
import org.windtunnel.analysis.report.CoordCheckCurves.Measure;

class CoordCheckReportTest {
    private static final List<Integer> WIDTHS = List.of(32, 64, 128);

    /** Five modules, the fourth growing, the last (a readout) zero at first. */
    static CoordCheckCurves sample() {
        List<Curve> curves = new ArrayList<>();
        for (String module : List.of("embed", "attn", "attn.qkv", "mlp </script>", "head")) {
            double slope = module.startsWith("mlp") ? 1 : 0;
            for (int step = 1; step <= 3; step++) {
                double size = module.equals("head") && step == 1 ? 0 : 0.1 * step;
                curves.add(curve(module, Measure.SIZE, step, size, slope));
                if (step > 1) {
                    curves.add(curve(module, Measure.CHANGE, step, 0.01 * step, slope));
                }
            }
        }
        return new CoordCheckCurves("check <me>", List.of(new Fact("seeds", "3")), "FAILED: 4 of 5", WIDTHS, curves);
    }

    private static Curve curve(String module, Measure measure, int step, double size, double slope) {
        List<Double> values = WIDTHS.stream().map(w -> size * Math.pow(w / 32.0, slope)).toList();
        return new Curve(module, measure, step, values, size == 0 ? Double.NaN : slope, slope == 0);
    }

    @Test
    void everyValueAboveZeroIsInTheChart() {
        Page page = new Page(CoordCheckReport.html(sample()));
        JsonNode chart = page.chart("coord-check");
        assertThat(chart.at("/spec/data/values")).hasSize(5 * (3 * 3 + 2 * 3) - 3);
        assertThat(chart.at("/spec/facet/sort")).hasSize(5);
        assertThat(chart.at("/controls/0/options")).hasSize(2);
        assertThat(chart.at("/controls/0/options/1/set/0/value/0/filter").asText())
                .isEqualTo("datum.measure == 'change'");
        assertThat(page.markup()).contains("check &lt;me&gt;", "FAILED: 4 of 5", "mlp &lt;/script&gt;", "+1.00", "–")
                .containsOnlyOnce("badge no");
    }

    @Test
    void aPictureHasAPanelForEveryModuleThatChanges(@TempDir Path dir) throws IOException {
        assertThat(CoordCheckPicture.panels(sample())).hasSize(5);
        Path file = CoordCheckPicture.write(sample(), dir.resolve("made"));
        assertThat(ImageIO.read(file.toFile()).getWidth()).isEqualTo(4 * 400);
        assertThat(ImageIO.read(file.toFile()).getHeight()).isEqualTo(2 * 300);
        CoordCheckCurves still = new CoordCheckCurves("still", List.of(), "", WIDTHS,
                List.of(curve("embed", Measure.CHANGE, 2, 0, 0)));
        assertThatThrownBy(() -> CoordCheckPicture.write(still, dir)).isInstanceOf(AnalysisException.class)
                .hasMessageContaining("raise the learning rate");
        assertThat(Files.exists(dir.resolve(CoordCheckPicture.FILE))).isFalse();
    }
}
