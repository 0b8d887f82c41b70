package org.windtunnel.verify;

import static org.windtunnel.verify.GoldenJson.field;
import static org.windtunnel.verify.GoldenJson.number;
import static org.windtunnel.verify.GoldenJson.numbers;
import static org.windtunnel.verify.GoldenJson.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.UpdateRule;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Parameters;
import org.windtunnel.nn.Role;
import org.windtunnel.optim.Optimizer;
import org.windtunnel.optim.Optimizers;
import org.windtunnel.optim.Projections;
import org.windtunnel.scaling.Assignment;
import org.windtunnel.scaling.ParamScaling;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;

/**
 * {@code optimizer-golden/v1}: weights after each of a few steps from given gradients; compared with the file's float32
 * results on a float32 backend and with its float64 results on a float64 one.
 */
final class OptimizerGolden implements GoldenFormat {
    @Override
    public String format() {
        return "optimizer-golden/v1";
    }

    @Override
    public String unsupported(String name, JsonNode root) {
        for (JsonNode c : root.path("cases")) {
            String optimizer = c.path("optimizer").asText();
            if (!GoldenOptimizer.supports(optimizer)) {
                return "optimizer " + optimizer;
            }
        }
        return null;
    }

    @Override
    public List<Check> replay(String name, JsonNode root, Supplier<Backend> backend) {
        List<Check> checks = new ArrayList<>();
        try (Backend b = backend.get()) {
            String after = b.floatType() == DType.FLOAT64 ? "after_f64" : "after";
            JsonNode tolerance = field(field(root, "tolerance"), after);
            for (JsonNode c : field(root, "cases")) {
                String caseName = name + "/" + text(c, "name") + " (" + b.name() + ")";
                replay(c, b, after, tolerance).forEach((parameter, deviation) -> checks.add(
                        deviation.check(caseName, parameter + ", every step, " + b.floatType())));
            }
        }
        return checks;
    }

    private static Map<String, Deviation> replay(JsonNode c, Backend backend, String after, JsonNode tolerance) {
        OptimizerSpec spec = spec(c);
        ScalingTable table = table(c, spec);
        Map<String, Deviation> deviations = new LinkedHashMap<>();
        try (Arena arena = Arena.of(backend::allocate, backend.floatType())) {
            Parameters parameters = new Parameters(table.specs(), arena);
            for (JsonNode p : field(c, "params")) {
                parameters.weight(text(p, "name")).set(numbers(p, "init"));
                deviations.put(text(p, "name"), new Deviation(number(tolerance, "rtol"), number(tolerance, "atol")));
            }
            double[] factors = numbers(c, "lr_factor");
            JsonNode steps = field(c, "steps");
            Projections projections = (parameter, step, rank, p) ->
                    p.set(numbers(steps.path((int) step - 1).path("debug_f64").path(parameter), "projection"));
            Optimizer optimizer = Optimizers.create(spec, backend, parameters, table, projections, arena);
            for (int t = 0; t < steps.size(); t++) {
                JsonNode step = steps.get(t);
                table.specs().forEach(p -> parameters.gradient(p.name()).set(numbers(field(step, "grads"), p.name())));
                optimizer.step(spec.lr() * factors[t], 1);
                backend.synchronize();
                deviations.forEach((p, d) -> d.add(parameters.weight(p).toDoubles(), numbers(field(step, after), p)));
            }
        }
        return deviations;
    }

    /** The optimizer with weight decay 1 where the file's groups set their own, and the file's rules. */
    private static OptimizerSpec spec(JsonNode c) {
        boolean ownDecay = c.path("groups").path(0).has("weight_decay");
        Map<String, UpdateRule> rules = new LinkedHashMap<>();
        for (JsonNode p : field(c, "params")) {
            if (p.has("rule")) {
                rules.put(Pattern.quote(text(p, "name")), rule(text(p, "rule")));
            }
        }
        return GoldenOptimizer.of(text(c, "optimizer"), field(c, "config"), ownDecay ? 1.0 : null, rules);
    }

    private static UpdateRule rule(String name) {
        return switch (name) {
            case "muon" -> UpdateRule.MUON;
            case "muonh" -> UpdateRule.MUONH;
            case "adamh" -> UpdateRule.ADAMH;
            case "apollo" -> UpdateRule.APOLLO;
            case "adamw", "adamw_decay", "adamw_nodecay", "adam_aux", "adamw_backup" -> UpdateRule.ADAMW;
            default -> throw new ConfigException("unknown rule " + name);
        };
    }

    private static ScalingTable table(JsonNode c, OptimizerSpec optimizer) {
        Map<String, Double> decay = new LinkedHashMap<>();
        for (JsonNode group : c.path("groups")) {
            if (!group.has("weight_decay")) {
                continue;
            }
            group.path("params").forEach(p -> decay.put(p.asText(), group.path("weight_decay").asDouble()));
        }
        List<ParamSpec> specs = new ArrayList<>();
        List<ParamScaling> rows = new ArrayList<>();
        for (JsonNode p : field(c, "params")) {
            int[] shape = Arrays.stream(numbers(p, "shape")).mapToInt(d -> (int) d).toArray();
            Role role = shape.length > 1 ? Role.HIDDEN : Role.NORM_GAIN;
            specs.add(new ParamSpec(text(p, "name"), role, shape, shape[shape.length - 1], shape[0], -1, false));
            rows.add(new ParamScaling(0, 0, 1, decay.getOrDefault(text(p, "name"), 1.0), 1));
        }
        if (!decay.isEmpty() && decay.size() != specs.size()) {
            throw new ConfigException(
                    "expected every parameter in exactly one group, found groups for " + decay.keySet());
        }
        return new ScalingTable(specs, Assignment.of(optimizer, specs), rows, ForwardMultipliers.standard(1));
    }
}
