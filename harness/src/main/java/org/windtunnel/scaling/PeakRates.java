package org.windtunnel.scaling;

import java.util.List;
import java.util.Locale;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.RateGroup;
import org.windtunnel.config.UpdateRule;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Role;

/** Configured peak learning rates of parameters, before a parameterization multiplies them. */
public final class PeakRates {
    private PeakRates() {}

    /** Peak rate, at the base model, of a parameter of this role that is updated by {@code rule}. */
    public static double of(OptimizerSpec optimizer, UpdateRule rule, Role role) {
        return optimizer.lr(rule, group(role));
    }

    /** The same where decay is divided by it. @throws ConfigException unless it is above 0 */
    static double positive(OptimizerSpec optimizer, UpdateRule rule, ParamSpec p) {
        double rate = of(optimizer, rule, p.role());
        if (!(rate > 0)) {
            throw new ConfigException("parameterization: decay_rule independent divides by the peak learning rate; "
                    + "expected optimizer.lr > 0, or optimizer.adamw's where it has rates, found " + rate + " for " + p);
        }
        return rate;
    }

    private static RateGroup group(Role role) {
        return switch (role) {
            case EMBEDDING -> RateGroup.EMBEDDING;
            case READOUT -> RateGroup.READOUT;
            case NORM_GAIN, BIAS -> RateGroup.VECTOR;
            case HIDDEN, STEM -> RateGroup.MATRIX;
        };
    }

    /**
     * Refuses rates that no parameter would have.
     *
     * @param rules of {@code specs}, in the same order
     * @throws ConfigException naming the first such key
     */
    static void requireUsed(OptimizerSpec optimizer, List<ParamSpec> specs, List<UpdateRule> rules) {
        for (RateGroup group : RateGroup.values()) {
            if (optimizer.adamw() == null || optimizer.adamw().own(group) == null) {
                continue;
            }
            boolean used = false;
            for (int i = 0; i < specs.size(); i++) {
                used |= rules.get(i) != optimizer.rule() && group(specs.get(i).role()) == group;
            }
            if (!used) {
                String name = group.name().toLowerCase(Locale.ROOT);
                throw new ConfigException("optimizer.adamw: " + name + "_lr " + optimizer.adamw().own(group)
                        + " is the rate of no parameter; expected a " + name + " that "
                        + Assignment.name(optimizer.rule()) + " does not update; leave the key out for this model");
            }
        }
    }
}
