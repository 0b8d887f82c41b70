package org.windtunnel.optim;

import java.util.Map;
import org.windtunnel.config.Auxiliary;
import org.windtunnel.config.MuonScale;
import org.windtunnel.config.MuonSpec;
import org.windtunnel.config.MuonSpec.FilterScale;
import org.windtunnel.config.MuonSpec.MomentumForm;
import org.windtunnel.config.NewtonSchulzCoefficients;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.OptimizerSpec.SgdSai.Gain;
import org.windtunnel.config.ProjectedSpec;
import org.windtunnel.config.ProjectedSpec.Side;
import org.windtunnel.config.SphereSpec;
import org.windtunnel.config.SphereSpec.Radius;

/** Optimizers with everyday settings. */
public final class OptimizerCases {
    private static final Auxiliary ADAMW = new Auxiliary(null, null, null, null, null, null, Decayed.MATRICES);

    private OptimizerCases() {}

    public static OptimizerSpec sgdSai(double momentum) {
        return new OptimizerSpec.SgdSai(0.01, momentum, 1e-8, Gain.RAW, 0.01, Decayed.ALL);
    }

    public static OptimizerSpec apollo(int rank, int refresh) {
        return new ProjectedSpec.Apollo(
                0.01, 0.9, 0.999, 1e-6, rank, refresh, Side.SMALLER, 1, false, 1.01, 0.1, ADAMW, Map.of(), true);
    }

    public static OptimizerSpec apolloMini(int refresh) {
        return new ProjectedSpec.ApolloMini(
                0.01, 0.9, 0.999, 1e-6, 1, refresh, Side.SMALLER, 128, false, 1.01, 0.1, ADAMW, Map.of(), true);
    }

    public static OptimizerSpec muon() {
        return muon(MomentumForm.EMA, MuonScale.CLIP_NORM, NewtonSchulzCoefficients.KELLER_JORDAN);
    }

    public static OptimizerSpec muon(MomentumForm form, MuonScale scale, NewtonSchulzCoefficients coefficients) {
        return new MuonSpec(0.02, 0.95, 0.85, 0, form, true, scale, FilterScale.FLAT, 5, coefficients,
                1e-7, 0.1, false, false, ADAMW, Map.of());
    }

    public static OptimizerSpec muonH(Radius radius) {
        return new SphereSpec.MuonH(
                0.02, 0.95, true, 5, NewtonSchulzCoefficients.DION, 1e-8, radius, 0, ADAMW, Map.of());
    }

    public static OptimizerSpec adamH(Radius radius) {
        return new SphereSpec.AdamH(0.02, 0.9, 0.95, 1e-8, radius, 0, ADAMW, Map.of());
    }
}
