package org.windtunnel.config;

import java.util.Map;
import java.util.Set;
import org.windtunnel.config.OptimizerSpec.AdamW;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.OptimizerSpec.EpsPlacement;

/** Optimizers whose steps keep the Frobenius norm of a matrix (Hyperball; HyperP, arXiv 2603.28743), and their settings. */
public sealed interface SphereSpec permits SphereSpec.MuonH, SphereSpec.AdamH {
    Radius radius();

    /** Which radius a sphere has. */
    enum Radius {
        CURRENT,
        INITIAL
    }

    /** MuonH of the Hyperball and HyperP work. */
    @Variant(
            value = "muonh",
            doc = "MuonH (HyperP, arXiv 2603.28743): Muon on the Frobenius sphere for hidden matrices, AdamH for the readout, "
                    + "AdamW elsewhere")
    record MuonH(
            @Key("Peak learning rate: the relative step on the sphere; published 0.0155") @Range(min = 0) double lr,
            @Key(value = "Momentum, b = mu b + g", def = "0.95") double momentum,
            @Key(value = "Nesterov momentum", def = "true") boolean nesterov,
            @Key(value = "Newton-Schulz iterations", def = "5") @Range(min = 1) int steps,
            @Key(value = "Coefficients of Newton-Schulz: keller_jordan, dion (ArchScale) or polar_express", def = "dion")
                    NewtonSchulzCoefficients coefficients,
            @Key(value = "Added to the norm before Newton-Schulz, and least norm of a step", def = "1e-8") double eps,
            @Key(value = "current: the norm before the step, after decay (ArchScale's code); initial: that of step 1 (paper)",
                            def = "current")
                    Radius radius,
            @Key(value = "Decoupled weight decay; shrinks the sphere if it is current", def = "0") double weightDecay,
            @Key(value = "AdamH of the readout and AdamW of all other parameters", def = "{}") Auxiliary adamw,
            @Key(value = "Rules by name pattern (a regular expression on whole names), such as {lm_head.*: adamw}", def = "{}")
                    Map<String, UpdateRule> assign)
            implements OptimizerSpec, SphereSpec {
        @Override
        public UpdateRule rule() {
            return UpdateRule.MUONH;
        }

        @Override
        public Decayed decayed() {
            return Decayed.MATRICES;
        }

        @Override
        public AdamW auxiliary() {
            return adamw.resolve(lr, weightDecay, 0.9, 0.95, 1e-8, EpsPlacement.AFTER);
        }

        @Override
        public Set<UpdateRule> rules() {
            return Set.of(UpdateRule.MUONH, UpdateRule.ADAMH, UpdateRule.ADAMW);
        }
    }

    /** Adam's direction on the sphere. */
    @Variant(
            value = "adamh",
            doc = "AdamH (Hyperball): Adam's direction on the Frobenius sphere for hidden matrices and readout, AdamW elsewhere")
    record AdamH(
            @Key("Peak learning rate: the relative step on the sphere") @Range(min = 0) double lr,
            @Key(value = "Decay of the first moment", def = "0.9") double beta1,
            @Key(value = "Decay of the second moment", def = "0.95") double beta2,
            @Key(value = "Added to the denominator, and least norm of a step", def = "1e-8") double eps,
            @Key(value = "current: the norm before the step, after decay (ArchScale's code); initial: that of step 1 (paper)",
                            def = "current")
                    Radius radius,
            @Key(value = "Decoupled weight decay; shrinks the sphere if it is current", def = "0") double weightDecay,
            @Key(value = "AdamW of all other parameters", def = "{}") Auxiliary adamw,
            @Key(value = "Rules by name pattern (a regular expression on whole names), such as {lm_head.*: adamw}", def = "{}")
                    Map<String, UpdateRule> assign)
            implements OptimizerSpec, SphereSpec {
        @Override
        public UpdateRule rule() {
            return UpdateRule.ADAMH;
        }

        @Override
        public Decayed decayed() {
            return Decayed.MATRICES;
        }

        @Override
        public AdamW auxiliary() {
            return adamw.resolve(lr, weightDecay, beta1, beta2, eps, EpsPlacement.AFTER);
        }

        @Override
        public Set<UpdateRule> rules() {
            return Set.of(UpdateRule.ADAMH, UpdateRule.ADAMW);
        }
    }
}
