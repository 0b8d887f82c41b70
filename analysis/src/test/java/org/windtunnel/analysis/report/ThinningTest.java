package org.windtunnel.analysis.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ThinningTest {
    private static double[] steps(int count) {
        return IntStream.rangeClosed(1, count).mapToDouble(i -> i).toArray();
    }

    @Test
    void shortCurvesAreKeptWhole() {
        assertThat(Thinning.keep(steps(5), new double[] {5, 4, 3, 2, 1}, 5)).containsExactly(0, 1, 2, 3, 4);
        assertThat(Thinning.keep(new double[0], new double[0], 5)).isEmpty();
    }

    @Test
    void endsAndSpikesSurviveInIncreasingOrder() {
        double[] x = steps(20_000);
        double[] y = Arrays.stream(x).map(v -> 2 + 4 / Math.sqrt(v)).toArray();
        y[12_345] = 9;
        int[] kept = Thinning.keep(x, y, 250);
        assertThat(kept).hasSizeBetween(200, 250).contains(0, 12_345, 19_999).isSorted().doesNotHaveDuplicates();
    }

    @Test
    void earlyStepsStayDenseForALogAxis() {
        double[] x = steps(20_000);
        double[] y = Arrays.stream(x).map(Math::sin).toArray();
        int[] kept = Thinning.keep(x, y, 250);
        assertThat(Arrays.stream(kept).filter(i -> i < 200).count()).isGreaterThan(80);
        assertThat(IntStream.range(1, kept.length)
                        .mapToDouble(i -> Math.log(x[kept[i]] / x[kept[i - 1]]))
                        .max()
                        .getAsDouble())
                .isLessThan(0.8);
    }
}
