package org.windtunnel.analysis.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.windtunnel.analysis.fit.FitOptions;
import org.windtunnel.analysis.fit.TableFit;
import org.windtunnel.analysis.fit.TableFitter;
import org.windtunnel.analysis.law.Laws;
import org.windtunnel.analysis.table.DataTable;

/** The optimum of a learning rate by size and budget, and the law through the optima. */
class OptimaTest {
    private static final List<String> BY = List.of("N", "D");

    /** Losses around lr = 2 N^-0.6 D^0.2, a batch of 64 better than one of 32 everywhere. */
    private static DataTable sweep(double shift) {
        List<DataTable.Row> rows = new ArrayList<>();
        for (double n : new double[] {1e6, 1e7, 1e8}) {
            for (double d : new double[] {1e9, 1e10}) {
                double best = 2 * Math.pow(n, -0.6) * Math.pow(d, 0.2);
                for (int batch : new int[] {32, 64}) {
                    for (int i = -3; i <= 3; i++) {
                        double lr = best * Math.pow(2, i + shift);
                        double off = Math.log(lr / best) + (batch == 32 ? 0.7 : 0);
                        double loss = 3 + 0.03 * off * off + (batch == 32 ? 0.1 : 0);
                        rows.add(new DataTable.Row(
                                "row",
                                Map.of(
                                        "N",
                                        "" + n,
                                        "D",
                                        "" + d,
                                        "lr",
                                        "" + lr,
                                        "batch",
                                        "" + batch,
                                        "loss",
                                        "" + loss)));
                    }
                }
            }
        }
        return DataTable.of(null, List.of("N", "D", "lr", "batch", "loss"), rows);
    }

    @Test
    void lawThroughTheOptimaIsTheOneTheyWereMadeBy() {
        DataTable sweep = sweep(0.3);
        assertThat(Optima.sweeps(sweep, BY, "lr", "loss")).isTrue();
        Optima.Result optima = Optima.of(sweep, BY, "lr", "loss", List.of("batch"));
        assertThat(optima.cells()).isEqualTo(6);
        assertThat(optima.left()).isZero();
        TableFit fit = TableFitter.fit(
                Laws.named("lr-law"),
                optima.rows(),
                "sweep",
                new TableFitter.Settings(
                        Map.of(), new FitOptions(FitOptions.LEAST_SQUARES, 50, 1, 0.95), null, Map.of(), null));
        assertThat(fit.parameters().get(0).value()).isEqualTo(2, within(1e-6));
        assertThat(fit.parameters().get(1).value()).isEqualTo(-0.6, within(1e-8));
        assertThat(fit.parameters().get(2).value()).isEqualTo(0.2, within(1e-8));
    }

    @Test
    void anOptimumAtTheEdgeOfTheGridIsLeftOut() {
        Optima.Result optima = Optima.of(sweep(4), BY, "lr", "loss", List.of("batch"));
        assertThat(optima.left()).isEqualTo(6);
        assertThat(optima.rows().size()).isZero();
    }

    @Test
    void aTableOfOptimaIsNoSweep() {
        DataTable optima = Optima.of(sweep(0), BY, "lr", "loss", List.of("batch")).rows();
        assertThat(Optima.sweeps(optima, BY, "lr", "loss")).isFalse();
    }
}
