package org.windtunnel.analysis.annealing;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.fit.FitErrors;

/** Fits a law of whole curves by name and says how well it predicts curves of other schedules. */
public final class CurveFit {
    /** Names of the laws. */
    public static final List<String> LAWS = List.of("annealing", "multi-power");

    private final String name;
    private final List<ScheduledCurve> train;
    private final CurveLaw law;
    private final String parameters;

    /**
     * @param name one of {@link #LAWS}
     * @param train at least one curve with a changing learning rate
     * @param delta of the Huber loss
     */
    public CurveFit(String name, List<ScheduledCurve> train, double delta) {
        this.name = name;
        this.train = train;
        if (train.stream().allMatch(CurveFit::constant)) {
            throw new AnalysisException(
                    "expected at least one curve whose learning rate decays after its warm-up, found"
                            + " only constant ones: they cannot show what annealing does. Fit a cosine or WSD run.");
        }
        if (name.equals("annealing")) {
            AnnealingFit fit = AnnealingFit.search(train, delta);
            law = fit;
            parameters = String.format(
                    Locale.ROOT,
                    "L0 %.6g, A %.6g, alpha %.6g, C %.6g, lambda %.6g; objective %.6g",
                    fit.fitted().parameter("L0"),
                    fit.fitted().parameter("A"),
                    fit.fitted().parameter("alpha"),
                    fit.fitted().parameter("C"),
                    fit.lambda(),
                    fit.fitted().objective());
        } else {
            MultiPowerFit fit = MultiPowerFit.fit(train, delta);
            law = fit;
            double[] p = fit.parameters();
            parameters = String.format(
                    Locale.ROOT,
                    "L0 %.6g, A %.6g, alpha %.6g, B %.6g, C %.6g, beta %.6g, gamma %.6g; objective %.6g",
                    p[0], p[1], p[2], p[3], p[4], p[5], p[6],
                    fit.objective());
        }
    }

    private static boolean constant(ScheduledCurve curve) {
        double last = curve.trace().rate(curve.trace().warmup());
        for (int k = curve.trace().warmup(); k < curve.trace().steps(); k++) {
            if (Math.abs(curve.trace().rate(k) - last) > 1e-6 * last) {
                return false;
            }
        }
        return true;
    }

    /** The law with its parameters. */
    public CurveLaw law() {
        return law;
    }

    /** Parameters and errors by curve as text; curves to predict may be none. */
    public List<String> lines(List<ScheduledCurve> unseen) {
        List<String> lines = new ArrayList<>();
        lines.add(
                "law " + name
                        + (name.equals("annealing")
                                ? ": L(s) = L0 + A S1^-alpha - C S2"
                                : ": L(s) = L0 + A S1^-alpha + B SUM_k (eta_k - eta_(k-1)) (1 - (1 + C eta_k^-gamma (S1 - S1(k-1)))^-beta)"));
        lines.add("  " + parameters);
        lines.add("  fitted:");
        train.forEach(c -> lines.add("    " + line(c)));
        if (!unseen.isEmpty()) {
            lines.add("  predicted:");
            unseen.forEach(c -> lines.add("    " + line(c)));
            FitErrors mean = law.meanErrors(unseen);
            lines.add(String.format(
                    Locale.ROOT,
                    "  over %d curves not fitted: MAE %.4g nats, %.3f %% of the loss; worst point %.3f %% on average",
                    unseen.size(), mean.mae(), 100 * mean.are(), 100 * mean.maxAre()));
        }
        return lines;
    }

    private String line(ScheduledCurve curve) {
        FitErrors e = law.errors(curve);
        int last = curve.size() - 1;
        double end = law.predict(curve.trace(), new int[] {curve.steps()[last]})[0];
        return String.format(
                Locale.ROOT,
                "%-40s %4d points, MAE %.4g nats (%.3f %%), worst %.3f %%, R2 %s; end %.4f measured, %.4f predicted",
                curve.name(),
                curve.size(),
                e.mae(),
                100 * e.are(),
                100 * e.maxAre(),
                e.r2() == null ? "-" : String.format(Locale.ROOT, "%.4f", e.r2()),
                curve.losses()[last],
                end);
    }
}
