package org.windtunnel.analysis.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.analysis.study.StudyOptions;
import org.windtunnel.analysis.study.StudyResult;

class PngChartsTest {

    @Test
    void drawsBothChartsWithOnePanelEach(@TempDir Path dir) throws IOException {
        List<Path> files = PngCharts.write(SampleStudy.full(), dir.resolve("docs"));
        assertThat(files)
                .extracting(f -> f.getFileName().toString())
                .containsExactly(PngCharts.LR_SWEEP, PngCharts.LAW);
        for (Path file : files) {
            BufferedImage image = ImageIO.read(file.toFile());
            assertThat(image.getWidth()).isEqualTo(1640);
            assertThat(image.getHeight()).isEqualTo(560);
            for (int panel = 0; panel < 2; panel++) {
                assertThat(pixels(image, panel, 0x440154))
                        .as("smallest size in panel %d of %s", panel, file)
                        .isGreaterThan(300);
                assertThat(pixels(image, panel, 0x5ec962))
                        .as("largest size in panel %d of %s", panel, file)
                        .isGreaterThan(300);
            }
        }
    }

    @Test
    void aLawOfOneVariableHasOnePanel(@TempDir Path dir) throws IOException {
        PngCharts.write(SampleStudy.computeLaw(), dir);
        BufferedImage image = ImageIO.read(dir.resolve(PngCharts.LAW).toFile());
        assertThat(image.getWidth()).isEqualTo(820);
        assertThat(pixels(image, 0, 0x5a6472)).as("the line and its points").isGreaterThan(300);
    }

    private static long pixels(BufferedImage image, int panel, int colour) {
        return IntStream.range(820 * panel, 820 * (panel + 1))
                .mapToLong(x -> IntStream.range(0, image.getHeight())
                        .filter(y -> (image.getRGB(x, y) & 0xffffff) == colour)
                        .count())
                .sum();
    }

    @Test
    void writesNothingWithoutBowlsAndLaw(@TempDir Path dir) {
        StudyResult empty = new StudyResult(
                1, "empty", null, StudyOptions.defaults(), List.of(), List.of(), List.of(), null, null, List.of());
        assertThat(PngCharts.write(empty, dir)).isEmpty();
        assertThat(dir).isEmptyDirectory();
    }
}
