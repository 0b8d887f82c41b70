package org.windtunnel.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.PropertyDefaults;
import net.jqwik.api.Provide;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.config.Auxiliary;
import org.windtunnel.config.MuonScale;
import org.windtunnel.config.MuonSpec.MomentumForm;
import org.windtunnel.config.NewtonSchulzCoefficients;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.OptimizerSpec.EpsPlacement;
import org.windtunnel.config.OptimizerSpec.SgdSai.Gain;
import org.windtunnel.config.ProjectedSpec;
import org.windtunnel.config.ProjectedSpec.Side;
import org.windtunnel.config.SphereSpec.Radius;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Parameters;
import org.windtunnel.nn.Role;
import org.windtunnel.scaling.Assignment;
import org.windtunnel.scaling.ParamScaling;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.Arena;

/** What must hold of the updates for any shape, weights and gradients: properties, whose counterexamples are shrunk. */
@PropertyDefaults(tries = 20)
class InvariantsTest {
    private static final Auxiliary ADAMW = new Auxiliary(null, null, null, null, null, null, Decayed.ALL);

    /** A random shape, weights and gradients. */
    private record Draw(long seed, int rows, int columns) {
        double[] normal(String what) {
            Random random = new Random(seed * 31 + what.hashCode());
            return random.doubles(rows * columns, -1, 1).map(x -> x + 0.3 * random.nextGaussian()).toArray();
        }
    }

    @Provide
    Arbitrary<Draw> draws() {
        return Combinators.combine(
                        Arbitraries.longs().between(1, 1_000_000),
                        Arbitraries.integers().between(1, 40),
                        Arbitraries.integers().between(1, 40))
                .as(Draw::new);
    }

    /** Weights before, and after each step, of one hidden matrix. */
    private static List<double[]> run(OptimizerSpec spec, Draw draw, int steps, double lr, double gradientFactor) {
        List<ParamSpec> specs = List.of(new ParamSpec(
                "w", Role.HIDDEN, new int[] {draw.rows, draw.columns}, draw.columns, draw.rows, 0, false));
        try (CpuBackend backend = new CpuBackend(2);
                Arena arena = Arena.of(backend::allocate, backend.floatType())) {
            Parameters parameters = new Parameters(specs, arena);
            List<ParamScaling> rows = Collections.nCopies(1, new ParamScaling(0, 0, 1, 1, 1));
            ScalingTable table = new ScalingTable(
                    specs, Assignment.of(spec, specs), rows, ForwardMultipliers.standard(1));
            Optimizer optimizer =
                    Optimizers.create(spec, backend, parameters, table, Projections.gaussian(draw.seed), arena);
            parameters.weights().set(draw.normal("weights"));
            List<double[]> weights = new ArrayList<>(List.of(parameters.weights().toDoubles()));
            for (int t = 0; t < steps; t++) {
                double[] g = draw.normal("gradient " + t);
                for (int i = 0; i < g.length; i++) {
                    g[i] *= gradientFactor;
                }
                parameters.gradients().set(g);
                optimizer.step(lr, 1);
                weights.add(parameters.weights().toDoubles());
            }
            return weights;
        }
    }

    private static double norm(double[] x) {
        return Math.sqrt(dot(x, x));
    }

    private static double dot(double[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }

    private static double[] difference(double[] x, double[] y) {
        double[] d = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            d[i] = x[i] - y[i];
        }
        return d;
    }

    @Property(seed = "1")
    void theSphereKeepsTheNorm(@ForAll("draws") Draw draw) {
        // The sphere of a single number is two points.
        Assume.that(draw.rows * draw.columns > 1);
        for (Radius radius : Radius.values()) {
            for (OptimizerSpec spec : List.of(OptimizerCases.muonH(radius), OptimizerCases.adamH(radius))) {
                List<double[]> weights = run(spec, draw, 20, 0.05, 1);
                assertThat(norm(weights.get(20)) / norm(weights.get(0))).as("%s", spec).isCloseTo(1, within(1e-6));
                assertThat(norm(difference(weights.get(1), weights.get(0)))).isPositive();
            }
        }
    }

    @Property(seed = "2")
    void decayStopsWithTheRateAndIsDecoupled(@ForAll("draws") Draw draw) {
        // SGD-SaI refuses single numbers.
        Assume.that(draw.rows * draw.columns > 1);
        List<OptimizerSpec> specs = List.of(
                new OptimizerSpec.AdamW(1, 0.9, 0.95, 1e-8, EpsPlacement.AFTER, 0.5, Decayed.ALL),
                OptimizerCases.sgdSai(0.9), OptimizerCases.apollo(1, 4), OptimizerCases.apolloMini(4),
                OptimizerCases.muon());
        for (OptimizerSpec spec : specs) {
            List<double[]> still = run(spec, draw, 2, 0, 1);
            assertThat(still.get(2)).as("%s", spec).isEqualTo(still.get(0));
            // Without a gradient all that is left is w (1 - lr wd).
            List<double[]> decayed = run(spec, draw, 1, 0.1, 0);
            double keep = 1 - 0.1 * spec.weightDecay();
            for (int i = 0; i < decayed.get(0).length; i++) {
                assertThat(decayed.get(1)[i]).as("%s", spec).isCloseTo(keep * decayed.get(0)[i], within(1e-6));
            }
        }
    }

    @Property(seed = "3")
    void muonIgnoresTheGradientsScale(@ForAll("draws") Draw draw) {
        OptimizerSpec muon = OptimizerCases.muon(
                MomentumForm.SUM, MuonScale.SPECTRAL_NORM, NewtonSchulzCoefficients.DION);
        List<double[]> once = run(muon, draw, 2, 0.02, 1);
        List<double[]> thousandfold = run(muon, draw, 2, 0.02, 1000);
        double size = norm(difference(once.get(2), once.get(0)));
        assertThat(norm(difference(once.get(2), thousandfold.get(2))) / size).isLessThan(1e-3);
        // Moving average and sum differ by a factor that orthogonalisation removes.
        List<double[]> average =
                run(OptimizerCases.muon(MomentumForm.EMA, MuonScale.SPECTRAL_NORM, NewtonSchulzCoefficients.DION),
                        draw, 2, 0.02, 1);
        assertThat(norm(difference(once.get(2), average.get(2))) / size).isLessThan(1e-3);
    }

    @Property(seed = "4")
    void newtonSchulzCommutesWithTransposingAndKeepsZero(@ForAll("draws") Draw draw) {
        double[] g = draw.normal("gradient");
        double[] transposed = new double[g.length];
        for (int i = 0; i < draw.rows; i++) {
            for (int j = 0; j < draw.columns; j++) {
                transposed[j * draw.rows + i] = g[i * draw.columns + j];
            }
        }
        for (NewtonSchulzCoefficients coefficients : NewtonSchulzCoefficients.values()) {
            double[] out = orthogonalize(coefficients, g, draw.rows, draw.columns);
            double[] other = orthogonalize(coefficients, transposed, draw.columns, draw.rows);
            for (int i = 0; i < draw.rows; i++) {
                for (int j = 0; j < draw.columns; j++) {
                    assertThat(other[j * draw.rows + i]).isCloseTo(out[i * draw.columns + j], within(2e-3));
                }
            }
            assertThat(orthogonalize(coefficients, new double[g.length], draw.rows, draw.columns))
                    .containsOnly(0);
        }
    }

    private static double[] orthogonalize(NewtonSchulzCoefficients coefficients, double[] g, int rows, int columns) {
        int side = Math.min(rows, columns);
        try (CpuBackend backend = new CpuBackend(1);
                Arena arena = Arena.of(backend::allocate, backend.floatType())) {
            // Three alike and the second one looked at, so that batches are covered.
            NewtonSchulz.Batch batch = new NewtonSchulz(coefficients, 5, 1e-7, backend, 3 * rows * columns,
                            3 * side * side, arena)
                    .batch(3, rows, columns);
            for (int i = 0; i < 3; i++) {
                batch.inputs().get(i).set(g);
            }
            batch.orthogonalize();
            return batch.outputs().get(1).toDoubles();
        }
    }

    @Property(seed = "5")
    void apolloMovesAlongTheGradient(@ForAll("draws") Draw draw) {
        OptimizerSpec mini = new ProjectedSpec.ApolloMini(
                0.01, 0.9, 0.999, 1e-6, 1, 4, Side.SMALLER, 128, false, 1.01, 0, ADAMW, Map.of(), true);
        List<double[]> weights = run(mini, draw, 1, 0.01, 1);
        double[] step = difference(weights.get(0), weights.get(1));
        double[] g = draw.normal("gradient 0");
        assertThat(dot(step, g) / (norm(step) * norm(g))).isCloseTo(1, within(1e-4));

        OptimizerSpec apollo = new ProjectedSpec.Apollo(
                0.01, 0.9, 0.999, 1e-6, 2, 4, Side.SMALLER, 1, false, 1.01, 0, ADAMW, Map.of(), true);
        List<double[]> moved = run(apollo, draw, 1, 0.01, 1);
        boolean byRows = draw.rows >= draw.columns;
        for (int c = 0; c < (byRows ? draw.rows : draw.columns); c++) {
            double[] s = channel(difference(moved.get(0), moved.get(1)), draw, byRows, c);
            double[] along = channel(g, draw, byRows, c);
            assertThat(dot(s, along) / (norm(s) * norm(along))).isCloseTo(1, within(1e-3));
        }
    }

    private static double[] channel(double[] x, Draw draw, boolean byRows, int c) {
        double[] out = new double[byRows ? draw.columns : draw.rows];
        for (int i = 0; i < out.length; i++) {
            out[i] = byRows ? x[c * draw.columns + i] : x[i * draw.columns + c];
        }
        return out;
    }

    /** The gain of a gradient of zero mean is sqrt(n) whatever its size, which is all that the data-free form keeps. */
    @Property(seed = "6")
    void saiGainsOfCentredGradientsAreRootsOfTheSize(@ForAll("draws") Draw draw) {
        Draw large = new Draw(draw.seed, draw.rows + 20, draw.columns + 20);
        OptimizerSpec raw = new OptimizerSpec.SgdSai(0.01, 0, 1e-8, Gain.RAW, 0, Decayed.ALL);
        OptimizerSpec root = new OptimizerSpec.SgdSai(0.01, 0, 1e-8, Gain.SQRT_NUMEL, 0, Decayed.ALL);
        double[] a = difference(run(raw, large, 1, 1e-3, 1).get(0), run(raw, large, 1, 1e-3, 1).get(1));
        double[] b = difference(run(root, large, 1, 1e-3, 1).get(0), run(root, large, 1, 1e-3, 1).get(1));
        assertThat(norm(a) / norm(b)).isCloseTo(1, within(0.02));
    }
}
