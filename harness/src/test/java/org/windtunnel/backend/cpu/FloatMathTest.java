package org.windtunnel.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.windtunnel.backend.LayerKernels.Activation;

/** The single-precision functions against double precision, and the vector ones against the scalar ones. */
class FloatMathTest {
    private static final int STEPS = 20_000;

    /** Largest error in units in the last place of the exact result over [from, to]. */
    private static double worstUlps(
            Function<Float, Float> function, DoubleUnaryOperator exact, double from, double to) {
        double worst = 0;
        for (int i = 0; i <= STEPS; i++) {
            float x = (float) (from + (to - from) * i / STEPS);
            double wanted = exact.applyAsDouble(x);
            worst = Math.max(worst, Math.abs(function.apply(x) - wanted) / Math.ulp((float) wanted));
        }
        return worst;
    }

    /** Φ by the Maclaurin series of erf; the terms stay below e^(x²/2), so 1e-10 relative holds for |x| ≤ 3. */
    private static double normalCdf(double x) {
        double term = x;
        double sum = x;
        for (int k = 1; k < 200; k++) {
            term *= -x * x / (2 * k);
            sum += term / (2 * k + 1);
        }
        return 0.5 + sum / Math.sqrt(2 * Math.PI);
    }

    /** Upper tail 1 - Φ(x), x ≥ 2, by Laplace's continued fraction. */
    private static double upperTail(double x) {
        double f = x;
        for (int k = 400; k >= 1; k--) {
            f = x + k / f;
        }
        return StrictMath.exp(-x * x / 2) / Math.sqrt(2 * Math.PI) / f;
    }

    @Test
    void expIsWithinTwoUlps() {
        assertThat(worstUlps(FloatMath::exp, StrictMath::exp, -87.3, 88.3)).isLessThan(2);
        assertThat(worstUlps(FloatMath::exp, StrictMath::exp, -1e-3, 1e-3)).isLessThan(2);
        assertThat(FloatMath.exp(0f)).isEqualTo(1f);
    }

    @Test
    void expAtTheExtremes() {
        assertThat(FloatMath.exp(Float.NEGATIVE_INFINITY)).isZero();
        assertThat(FloatMath.exp(-1e30f)).isZero();
        assertThat(FloatMath.exp(-88f)).isZero();
        assertThat(FloatMath.exp(Float.POSITIVE_INFINITY)).isGreaterThan(2e38f);
        assertThat(FloatMath.exp(Float.NaN)).isNaN();
        assertThat(FloatMath.exp(Float.intBitsToFloat(0xFFC00001))).isNaN();
    }

    @Test
    void sigmoidIsWithinThreeUlps() {
        DoubleUnaryOperator exact = x -> 1 / (1 + StrictMath.exp(-x));
        assertThat(worstUlps(FloatMath::sigmoid, exact, -80, 30)).isLessThan(4);
        assertThat(FloatMath.sigmoid(200f)).isEqualTo(1f);
        assertThat(FloatMath.sigmoid(-200f)).isBetween(0f, 1e-38f);
        assertThat(FloatMath.sigmoid(Float.NaN)).isNaN();
    }

    /** In the tail the rounding of x²/2 before the exponential costs x²/4 ulp on top. */
    @Test
    void normalDistributionKeepsItsRelativeAccuracyInTheTail() {
        assertThat(worstUlps(FloatMath::normalCdf, FloatMathTest::normalCdf, -2, 3)).isLessThan(6);
        assertThat(worstUlps(FloatMath::normalCdf, x -> upperTail(-x), -6, -2)).isLessThan(24);
        assertThat(worstUlps(FloatMath::normalCdf, x -> upperTail(-x), -12, -6)).isLessThan(80);
        assertThat(FloatMath.normalCdf(9f)).isEqualTo(1f);
        assertThat(FloatMath.normalCdf(-20f)).isZero();
        assertThat(FloatMath.normalCdf(Float.NaN)).isNaN();
    }

    @Test
    void activationsAgreeWithDoublePrecision() {
        for (int i = -600; i <= 600; i++) {
            float x = i / 100f;
            double phi = x < -2 ? upperTail(-x) : x > 2 ? 1 - upperTail(x) : normalCdf(x);
            double density = StrictMath.exp(-(double) x * x / 2) / Math.sqrt(2 * Math.PI);
            assertThat((double) FloatMath.geluErf(x)).isCloseTo(x * phi, within(1e-6 * Math.abs(x * phi) + 1e-12));
            assertThat((double) FloatMath.geluErfGradient(x)).isCloseTo(phi + x * density, within(5e-7));
            double c = Math.sqrt(2 / Math.PI);
            double th = StrictMath.tanh(c * (x + 0.044715 * x * x * x));
            double slope = c * (1 + 3 * 0.044715 * x * x);
            assertThat((double) FloatMath.geluTanh(x)).isCloseTo(0.5 * x * (1 + th), within(1e-6 * Math.max(1, Math.abs(x))));
            assertThat((double) FloatMath.geluTanhGradient(x))
                    .isCloseTo(0.5 * (1 + th) + 0.5 * x * (1 - th * th) * slope, within(1e-6));
        }
        for (float x : new float[] {-30, -100, -1000, 30, 100, 1000}) {
            assertThat(FloatMath.geluErf(x)).isCloseTo(Math.max(x, 0f), within(1e-30f));
            assertThat(FloatMath.geluTanh(x)).isCloseTo(Math.max(x, 0f), within(1e-30f));
        }
    }

    /** Elementwise, a vector lane and the scalar tail give the same bits; NaN stays NaN in both. */
    @Test
    void vectorLanesRepeatTheScalarOperations() {
        Lanes plain = new Lanes();
        Lanes vector = Lanes.best();
        assertThat(vector).as("the build passes --add-modules jdk.incubator.vector").isInstanceOf(VectorLanes.class);
        float[] x = new float[1037];
        float[] d = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = (i - 518) * 0.21f;
            d[i] = 1f + i % 7;
        }
        x[5] = Float.NaN;
        x[700] = Float.POSITIVE_INFINITY;
        for (Activation kind : Activation.values()) {
            float[] a = new float[x.length];
            float[] b = new float[x.length];
            plain.activate(kind, x, 0, a, 0, x.length);
            vector.activate(kind, x, 0, b, 0, x.length);
            assertThat(b).as("%s", kind).containsExactly(a);
            assertThat(b[5]).isNaN();
            float[] da = d.clone();
            float[] db = d.clone();
            plain.activateGradient(kind, x, 0, da, 0, new float[2 * x.length], x.length);
            vector.activateGradient(kind, x, 0, db, 0, new float[2 * x.length], x.length);
            assertThat(db).as("%s gradient", kind).containsExactly(da);
        }
        float[] ea = x.clone();
        float[] eb = x.clone();
        plain.expShifted(ea, 0, 1f, x.length);
        assertThat(vector.expShifted(eb, 0, 1f, x.length)).as("a sum with NaN in it").isNaN();
        assertThat(eb).containsExactly(ea);
        assertThat(vector.max(x, 0, x.length)).isNaN();
        assertThat(vector.max(x, 6, 600)).isEqualTo(plain.max(x, 6, 600));
        assertThat(vector.sumOfSquares(d, 0, d.length)).isEqualTo(plain.sumOfSquares(d, 0, d.length));
    }
}
