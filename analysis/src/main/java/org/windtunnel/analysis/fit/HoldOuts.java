package org.windtunnel.analysis.fit;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.PowerSum;

/** Fits a law without some points and predicts them, next to two baselines that need no law of the same kind. */
public final class HoldOuts {
    private HoldOuts() {}

    /**
     * The hold-out, or null when too few points are left to fit.
     *
     * @param rule what is held out, in words
     * @param train points to fit
     * @param held points to predict, at least one
     */
    public static HoldOut evaluate(
            Law law, String rule, List<LossPoint> train, List<LossPoint> held, FitOptions options) {
        if (train.size() <= law.dimension()) {
            return null;
        }
        FittedLaw fitted = LawFitter.fit(law, LossPoint.data(law, train), options.huberDelta());
        Bootstrap bootstrap = Bootstrap.run(fitted, LossPoint.data(law, train), options);
        List<HoldOut.Point> points = new ArrayList<>();
        for (LossPoint p : held) {
            Bootstrap.Interval interval = bootstrap.prediction(p.inputs(law));
            points.add(new HoldOut.Point(
                    p.n(), p.d(), p.loss(), fitted.predict(p.inputs(law)), interval.lo(), interval.hi()));
        }
        FitErrors errors = errors(held, p -> fitted.predict(p.inputs(law)));
        FitErrors last = errors(held, p -> lastLoss(train, p));
        FitErrors compute = computeLaw(train, held, options.huberDelta());
        return new HoldOut(rule, train.size(), points, errors, last, compute, sentence(errors, last, compute));
    }

    private static FitErrors errors(List<LossPoint> held, ToDoubleFunction<LossPoint> predict) {
        return FitErrors.of(
                held.stream().mapToDouble(predict).toArray(),
                held.stream().mapToDouble(LossPoint::loss).toArray());
    }

    /** Loss of the largest training model at the budget nearest in ln D. */
    private static double lastLoss(List<LossPoint> train, LossPoint target) {
        double largest = train.stream().mapToDouble(LossPoint::n).max().orElseThrow();
        return train.stream()
                .filter(p -> p.n() == largest)
                .min(Comparator.comparingDouble(p -> Math.abs(Math.log(p.d() / target.d()))))
                .orElseThrow()
                .loss();
    }

    private static FitErrors computeLaw(List<LossPoint> train, List<LossPoint> held, double delta) {
        Law law = PowerSum.powerLaw("C", true);
        if (train.size() <= law.dimension()) {
            return null;
        }
        FittedLaw fitted = LawFitter.fit(law, LossPoint.data(law, train), delta);
        return errors(held, p -> fitted.predict(p.inputs(law)));
    }

    private static String sentence(FitErrors errors, FitErrors last, FitErrors compute) {
        double best = compute == null ? last.are() : Math.min(last.are(), compute.are());
        return String.format(
                Locale.ROOT,
                "predicts %d held-out point%s within %.2f %% on average (worst %.2f %%); last loss of the largest"
                        + " training model: %.2f %%%s%s",
                errors.points(),
                errors.points() == 1 ? "" : "s",
                100 * errors.are(),
                100 * errors.maxAre(),
                100 * last.are(),
                compute == null ? "" : String.format(Locale.ROOT, "; law in C: %.2f %%", 100 * compute.are()),
                errors.are() <= best ? "" : " - a baseline does better, do not extrapolate with this fit");
    }
}
