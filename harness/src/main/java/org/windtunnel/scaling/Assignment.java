package org.windtunnel.scaling;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.UpdateRule;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Role;

/** Which rule updates which parameter: by role, or by name where the configuration says so. */
public final class Assignment {
    private Assignment() {}

    /**
     * One rule for every parameter, in their order.
     *
     * @throws ConfigException if a pattern of {@code optimizer.assign} matches no parameter, or two match the same one,
     *     or if a rate of {@code optimizer.adamw} is that of no parameter
     */
    public static List<UpdateRule> of(OptimizerSpec optimizer, List<ParamSpec> specs) {
        Map<String, Pattern> patterns = new LinkedHashMap<>();
        optimizer.assign().keySet().forEach(text -> patterns.put(text, compile(text)));
        optimizer.assign().forEach((text, rule) -> {
            if (!optimizer.rules().contains(rule)) {
                throw new ConfigException("optimizer.assign: \"" + text + "\": expected one of "
                        + optimizer.rules().stream().map(Assignment::name).sorted().toList()
                        + " with this optimizer, found " + name(rule));
            }
        });
        Map<String, String> claimed = new LinkedHashMap<>();
        patterns.forEach((text, pattern) -> claim(text, pattern, specs, claimed));
        List<UpdateRule> rules = new ArrayList<>();
        for (ParamSpec p : specs) {
            String pattern = claimed.get(p.name());
            rules.add(pattern == null ? byRole(optimizer, p.role()) : optimizer.assign().get(pattern));
        }
        PeakRates.requireUsed(optimizer, specs, rules);
        return rules;
    }

    private static void claim(String text, Pattern pattern, List<ParamSpec> specs, Map<String, String> claimed) {
        boolean any = false;
        for (ParamSpec p : specs) {
            if (pattern.matcher(p.name()).matches()) {
                any = true;
                String other = claimed.put(p.name(), text);
                if (other != null) {
                    throw new ConfigException("optimizer.assign: expected every parameter under one pattern, found "
                            + p.name() + " under \"" + other + "\" and \"" + text + "\"");
                }
            }
        }
        if (!any) {
            throw new ConfigException("optimizer.assign: \"" + text + "\" matches no parameter; expected a regular "
                    + "expression that matches whole names such as " + specs.get(0).name() + " or "
                    + specs.get(specs.size() - 1).name());
        }
    }

    static String name(UpdateRule rule) {
        return rule.name().toLowerCase(Locale.ROOT);
    }

    private static Pattern compile(String text) {
        try {
            return Pattern.compile(text);
        } catch (PatternSyntaxException e) {
            throw new ConfigException("optimizer.assign: expected a regular expression, found \"" + text + "\" ("
                    + e.getDescription() + ")");
        }
    }

    /** Rules that treat every tensor alike own all of them; the others own matrices, and the auxiliary one the rest. */
    private static UpdateRule byRole(OptimizerSpec optimizer, Role role) {
        UpdateRule rule = optimizer.rule();
        return switch (rule) {
            case SGD, ADAMW, SGD_SAI -> rule;
            case APOLLO, MUON -> role == Role.HIDDEN ? rule : optimizer.auxiliary().rule();
            case MUONH, ADAMH -> role == Role.HIDDEN ? rule : role == Role.READOUT ? UpdateRule.ADAMH : UpdateRule.ADAMW;
        };
    }
}
