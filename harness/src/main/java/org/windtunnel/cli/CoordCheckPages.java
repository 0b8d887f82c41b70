package org.windtunnel.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.windtunnel.analysis.report.CoordCheckCurves;
import org.windtunnel.analysis.report.CoordCheckCurves.Curve;
import org.windtunnel.analysis.report.CoordCheckCurves.Fact;
import org.windtunnel.analysis.report.CoordCheckCurves.Measure;
import org.windtunnel.coord.CoordCheckResult;
import org.windtunnel.coord.CoordCurve;

/** A coordinate check in the terms of the analysis module. */
final class CoordCheckPages {
    private CoordCheckPages() {}

    static CoordCheckCurves curves(String name, List<Fact> facts, String verdict, CoordCheckResult result) {
        List<Curve> curves = new ArrayList<>();
        for (CoordCurve c : result.curves()) {
            for (int t = 0; t < result.options().steps(); t++) {
                curves.add(new Curve(c.module(), Measure.SIZE, t + 1, values(c.l1()[t]), result.l1Slope(c, t),
                        result.isL1Flat(c, t)));
            }
            for (int t = 1; t < result.options().steps(); t++) {
                curves.add(new Curve(c.module(), Measure.CHANGE, t + 1, values(c.delta()[t]), result.deltaSlope(c, t),
                        result.isDeltaFlat(c, t)));
            }
        }
        return new CoordCheckCurves(name, facts, verdict, result.options().widths(), curves);
    }

    private static List<Double> values(double[] values) {
        return Arrays.stream(values).boxed().toList();
    }
}
