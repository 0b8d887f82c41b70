package org.windtunnel.analysis.study;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.curve.SizeMeasure;
import org.windtunnel.analysis.transfer.Labels;

/**
 * What to look at in a sweep.
 *
 * @param lrPath config path of the peak learning rate
 * @param widthPath config path of the width, or of another size that the rate is to be transferred over, such as the depth
 * @param groupPaths config paths whose values split the runs into groups that are compared, such as SP and muP
 * @param lawFilter config path → value: only matching runs enter the law; empty for all
 * @param size which parameter count is N
 * @param holdOut which runs the law must predict without having seen them
 * @param holdOutFraction share of the points, largest compute first, for {@code LARGEST_COMPUTE}
 * @param bootstrap resamples
 * @param seed of the resampling: same seed, same intervals
 * @param level coverage of the law's intervals, such as 0.95
 * @param huberDelta half-width of the quadratic zone of the robust loss, in log-loss units
 * @param driftTolerance octaves of learning rate per doubling of that size that still count as transfer
 */
public record StudyOptions(
        String lrPath,
        String widthPath,
        List<String> groupPaths,
        Map<String, Object> lawFilter,
        SizeMeasure size,
        HoldOutRule holdOut,
        double holdOutFraction,
        int bootstrap,
        long seed,
        double level,
        double huberDelta,
        double driftTolerance) {

    /** @throws AnalysisException if a number lies outside its range */
    public StudyOptions {
        require(holdOutFraction > 0 && holdOutFraction < 1, "the held-out share", "between 0 and 1", holdOutFraction);
        require(bootstrap >= 50, "the number of bootstrap resamples", "50 or more", bootstrap);
        require(level > 0 && level < 1, "the level of intervals", "between 0 and 1, such as 0.95", level);
        require(huberDelta >= 0, "Huber's delta", "0 (least absolute deviations) or more", huberDelta);
        require(driftTolerance > 0, "the tolerated drift", "positive", driftTolerance);
        groupPaths = List.copyOf(groupPaths);
        lawFilter = Collections.unmodifiableMap(new LinkedHashMap<>(lawFilter));
    }

    /** What the rate is transferred over, in a word: {@code width}. */
    public String axis() {
        return Labels.key(widthPath);
    }

    private static void require(boolean holds, String what, String expected, double found) {
        if (!holds) {
            throw new AnalysisException(
                    "Options of the analysis: expected " + what + " " + expected + ", found " + found + ".");
        }
    }

    /** Which points are held out. */
    public enum HoldOutRule {
        NONE,
        /** All points of the largest N. */
        LARGEST_N,
        /** A share of the points, those of most compute. */
        LARGEST_COMPUTE
    }

    /** The values that fit a sweep of width, learning rate and parameterization. */
    public static StudyOptions defaults() {
        return new StudyOptions(
                "optimizer.lr",
                "model.width",
                List.of("parameterization.type"),
                Map.of(),
                SizeMeasure.NON_EMBEDDING,
                HoldOutRule.LARGEST_N,
                0.2,
                1000,
                1,
                0.95,
                1e-3,
                0.25);
    }
}
