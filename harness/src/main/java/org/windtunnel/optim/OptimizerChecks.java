package org.windtunnel.optim;

import java.util.Locale;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.MuonSpec;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.ProjectedSpec;
import org.windtunnel.config.RateGroup;
import org.windtunnel.config.SphereSpec;

/** What the numbers of an optimizer's configuration must be. */
final class OptimizerChecks {
    private OptimizerChecks() {}

    /**
     * Checks all settings.
     *
     * @param steps of the run; {@link Long#MAX_VALUE} where it has no end
     * @throws ConfigException if one is out of range
     */
    static void check(OptimizerSpec spec, long steps) {
        require("lr", spec.lr() >= 0, ">= 0", spec.lr());
        require("weight_decay", spec.weightDecay() >= 0, ">= 0", spec.weightDecay());
        if (spec instanceof OptimizerSpec.Sgd s) {
            sgd("", s);
        } else if (spec instanceof OptimizerSpec.AdamW a) {
            adam("", a.beta1(), a.beta2(), a.eps());
        } else if (spec instanceof OptimizerSpec.SgdSai s) {
            momentum(s.momentum());
            eps("eps", s.eps());
        } else if (spec instanceof ProjectedSpec p) {
            adam("", p.beta1(), p.beta2(), p.eps());
            require("scale", p.scale() >= 0, ">= 0", p.scale());
            boolean limit = p.growthLimit() == 0 || p.growthLimit() >= 1;
            require("growth_limit", limit, "0 or at least 1", p.growthLimit());
        } else if (spec instanceof MuonSpec m) {
            momentum(m.momentum());
            require("momentum_start", m.momentumStart() >= 0 && m.momentumStart() < 1, "in [0, 1)", m.momentumStart());
            require("momentum_warmup", m.momentumWarmup() >= 0, ">= 0", m.momentumWarmup());
            require("momentum_cooldown", m.momentumCooldown() >= 0, ">= 0", m.momentumCooldown());
            fits(m, steps);
            eps("eps", m.eps());
        } else if (spec instanceof SphereSpec.MuonH m) {
            momentum(m.momentum());
            eps("eps", m.eps());
        } else if (spec instanceof SphereSpec.AdamH a) {
            adam("", a.beta1(), a.beta2(), a.eps());
        }
        if (spec.auxiliary() instanceof OptimizerSpec.AdamW a) {
            adam("adamw.", a.beta1(), a.beta2(), a.eps());
            for (RateGroup group : RateGroup.values()) {
                Double own = spec.adamw().own(group);
                String key = own == null ? "lr" : group.name().toLowerCase(Locale.ROOT) + "_lr";
                rate(spec, "adamw." + key, own == null ? a.lr() : own);
            }
        } else if (spec.auxiliary() instanceof OptimizerSpec.Sgd s) {
            sgd("sgd.", s);
            require("sgd.weight_decay", s.weightDecay() >= 0, ">= 0", s.weightDecay());
            rate(spec, "sgd.lr", s.lr());
        }
    }

    private static void sgd(String section, OptimizerSpec.Sgd s) {
        require(section + "momentum", s.momentum() >= 0 && s.momentum() < 1, "in [0, 1)", s.momentum());
        require(section + "dampening", s.dampening() >= 0 && s.dampening() <= 1, "in [0, 1]", s.dampening());
        if (s.nesterov() && (s.momentum() == 0 || s.dampening() != 0)) {
            throw new ConfigException("optimizer: expected " + section + "momentum > 0 and dampening 0 with nesterov, "
                    + "found momentum " + s.momentum() + " and dampening " + s.dampening());
        }
    }

    private static void fits(MuonSpec m, long steps) {
        if (m.momentumCooldown() > 0 && steps - m.momentumCooldown() < m.momentumWarmup()) {
            throw new ConfigException("optimizer: expected momentum_warmup and momentum_cooldown to fit a run of " + steps
                    + " steps, found " + m.momentumWarmup() + " + " + m.momentumCooldown() + "; shorten one of them");
        }
    }

    private static void rate(OptimizerSpec spec, String key, double rate) {
        require(key, rate >= 0, ">= 0", rate);
        if (spec.lr() == 0 && rate != 0) {
            throw new ConfigException("optimizer: expected lr > 0 beside " + key + " " + rate
                    + ", found 0; the schedule moves all rates by one factor");
        }
    }

    private static void momentum(double momentum) {
        require("momentum", momentum >= 0 && momentum < 1, "in [0, 1)", momentum);
    }

    private static void adam(String section, double beta1, double beta2, double eps) {
        require(section + "beta1", beta1 >= 0 && beta1 < 1, "in [0, 1)", beta1);
        require(section + "beta2", beta2 >= 0 && beta2 < 1, "in [0, 1)", beta2);
        eps(section + "eps", eps);
    }

    private static void eps(String key, double eps) {
        require(key, eps >= 0, ">= 0", eps);
    }

    private static void require(String key, boolean fine, String expected, double found) {
        if (!fine || Double.isInfinite(found)) {
            throw new ConfigException("optimizer: expected " + key + " " + expected + ", found " + found);
        }
    }
}
