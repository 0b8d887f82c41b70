package org.windtunnel.analysis.annealing;

import java.util.Arrays;
import java.util.List;
import org.windtunnel.analysis.fit.FitErrors;
import org.windtunnel.analysis.law.LearningRateTrace;

/** A law of whole curves with parameters: predicts the loss along any schedule. */
public interface CurveLaw {

    /** Loss after each of some steps (from 0) of a run with a learning rate by step. */
    double[] predict(LearningRateTrace trace, int[] steps);

    /** Errors along one curve. */
    default FitErrors errors(ScheduledCurve curve) {
        return FitErrors.of(predict(curve.trace(), curve.steps()), curve.losses());
    }

    /** Errors over several curves, every curve with the same weight; R² null where a curve does not vary. */
    default FitErrors meanErrors(List<ScheduledCurve> curves) {
        List<FitErrors> all = curves.stream().map(this::errors).toList();
        boolean varies = all.stream().allMatch(e -> e.r2() != null);
        return new FitErrors(
                all.stream().mapToInt(FitErrors::points).sum(),
                mean(all.stream().mapToDouble(FitErrors::are).toArray()),
                mean(all.stream().mapToDouble(FitErrors::maxAre).toArray()),
                mean(all.stream().mapToDouble(FitErrors::mae).toArray()),
                mean(all.stream().mapToDouble(FitErrors::rmse).toArray()),
                mean(all.stream().mapToDouble(FitErrors::bias).toArray()),
                varies ? mean(all.stream().mapToDouble(FitErrors::r2).toArray()) : null);
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElseThrow();
    }
}
