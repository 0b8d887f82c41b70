package org.windtunnel.verify;

import static org.windtunnel.verify.GoldenJson.field;
import static org.windtunnel.verify.GoldenJson.integer;
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
import org.windtunnel.backend.Backend;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ScheduleSpec;
import org.windtunnel.config.ScheduleSpec.Convention;
import org.windtunnel.config.ScheduleSpec.DecayShape;
import org.windtunnel.schedule.AnnealingAreas;
import org.windtunnel.schedule.Schedule;
import org.windtunnel.schedule.Schedules;

/** {@code lr-schedule-golden/v1}: learning-rate curves of other code bases, and annealing areas of some of them. */
final class ScheduleGolden implements GoldenFormat {
    /** A schedule of ours that should give a file's curve, after the factor {@code peak}. */
    private record Counterpart(ScheduleSpec spec, long totalSteps, double peak) {}

    @Override
    public String format() {
        return "lr-schedule-golden/v1";
    }

    @Override
    public String unsupported(String name, JsonNode root) {
        return null;
    }

    @Override
    public List<Check> replay(String name, JsonNode root, Supplier<Backend> backend) {
        JsonNode tolerance = field(root, "tolerance");
        double rtol = number(tolerance, "rtol");
        double atol = number(tolerance, "atol");
        List<Check> checks = new ArrayList<>();
        Map<String, double[]> curves = new LinkedHashMap<>();
        for (JsonNode c : field(root, "cases")) {
            double[] expected = numbers(c, "lr");
            Counterpart ours = counterpart(c, expected);
            double[] rates = rates(ours, expected.length);
            curves.put(text(c, "name"), rates);
            checks.add(new Deviation(rtol, atol).add(rates, expected)
                    .check(name + "/" + text(c, "name"), "lr"));
        }
        for (JsonNode item : root.path("annealing_areas").path("items")) {
            checks.addAll(areas(name, item, curves, rtol, atol));
        }
        return checks;
    }

    private static double[] rates(Counterpart ours, int steps) {
        Schedule schedule = Schedules.of(ours.spec(), ours.totalSteps());
        return Arrays.stream(Schedules.multipliers(schedule, steps)).map(m -> m * ours.peak()).toArray();
    }

    private static List<Check> areas(
            String name, JsonNode item, Map<String, double[]> curves, double rtol, double atol) {
        String schedule = text(item, "schedule");
        double[] curve = curves.get(schedule);
        if (curve == null) {
            throw new ConfigException("annealing_areas refer to the unknown schedule " + schedule);
        }
        double lambda = number(item, "lambda");
        double[] fromPeak = Arrays.copyOfRange(curve, integer(item, "start_index"), curve.length);
        String caseName = name + "/" + schedule + " λ=" + lambda;
        return List.of(
                new Deviation(rtol, atol).add(AnnealingAreas.forward(fromPeak), numbers(item, "S1"))
                        .check(caseName, "S1"),
                new Deviation(rtol, atol).add(AnnealingAreas.annealing(fromPeak, lambda), numbers(item, "S2"))
                        .check(caseName, "S2"));
    }

    private static Counterpart counterpart(JsonNode c, double[] expected) {
        JsonNode config = field(c, "config");
        String repo = c.path("source").path("repo").asText("");
        if (text(config, "type").equals("refined")) {
            double peak = Arrays.stream(expected).max().orElse(1);
            List<Double> norms = Arrays.stream(numbers(c, "grad_norms")).boxed().toList();
            return new Counterpart(new ScheduleSpec.Refined(null, norms, 2, 0), norms.size(), peak);
        }
        return switch (repo) {
            case "karpathy/nanoGPT" -> nanoGpt(config);
            case "microsoft/ArchScale" -> archScale(config);
            case "epfml/schedules-and-scaling" -> epfml(config);
            case "thu-yao-01-luo/MultiPowerLaw" -> multiPowerLaw(config);
            case "" -> miniCpm(config, expected.length);
            default -> throw new ConfigException("unknown source of a schedule: " + repo);
        };
    }

    private static Counterpart nanoGpt(JsonNode config) {
        double peak = number(config, "peak_lr");
        return new Counterpart(
                new ScheduleSpec.Cosine(
                        number(config, "warmup"), 0, number(config, "min_lr") / peak, 0, Convention.NANOGPT),
                integer(config, "decay_end"),
                peak);
    }

    /** The decay of its WSD is what int(5/7 · (max_iters - warmup)) stable steps leave. */
    private static Counterpart archScale(JsonNode config) {
        int warmup = integer(config, "warmup");
        int total = integer(config, "max_iters");
        int decay = total - warmup - (int) (5.0 / 7 * (total - warmup));
        double floor = number(config, "min_lr_mult");
        Convention optax = Convention.OPTAX;
        ScheduleSpec spec =
                switch (text(config, "type")) {
                    case "muonh", "linear" -> new ScheduleSpec.Linear(warmup, 0, floor, optax);
                    case "cosine" -> new ScheduleSpec.Cosine(warmup, 0, floor, 0, optax);
                    case "wsd" -> new ScheduleSpec.Wsd(warmup, 0, decay, DecayShape.LINEAR, floor, null, optax);
                    case "wsd_cosine" -> new ScheduleSpec.Wsd(warmup, 0, decay, DecayShape.COSINE, floor, null, optax);
                    default -> throw new ConfigException("unknown ArchScale schedule " + text(config, "type"));
                };
        return new Counterpart(spec, total, number(config, "peak_lr"));
    }

    private static Counterpart epfml(JsonNode config) {
        double warmup = number(config, "warmup");
        int total = integer(config, "total");
        if (text(config, "type").equals("cosine_then_constant")) {
            double from = 1 / number(config, "div_factor");
            return new Counterpart(
                    new ScheduleSpec.Cosine(
                            warmup,
                            from,
                            number(config, "final_div_factor"),
                            number(config, "n_inf"),
                            Convention.OPTAX),
                    total,
                    1);
        }
        return new Counterpart(
                new ScheduleSpec.Wsd(
                        warmup,
                        1 / number(config, "init_div_factor"),
                        number(config, "decay_fraction"),
                        shape(text(config, "decay_shape")),
                        number(config, "final_lr_factor"),
                        null,
                        Convention.OPTAX),
                total,
                number(config, "peak_lr"));
    }

    private static DecayShape shape(String name) {
        return switch (name) {
            case "linear" -> DecayShape.LINEAR;
            case "cosine" -> DecayShape.COSINE;
            case "1-sqrt" -> DecayShape.ONE_MINUS_SQRT;
            case "square" -> DecayShape.SQUARE;
            case "mirror_cosine" -> DecayShape.MIRROR_COSINE;
            case "exp", "exponential(geometric interpolation)" -> DecayShape.EXPONENTIAL;
            default -> throw new ConfigException("unknown decay_shape " + name);
        };
    }

    private static Counterpart multiPowerLaw(JsonNode config) {
        double peak = number(config, "peak_lr");
        double floor = number(config, "end_lr") / peak;
        int warmup = integer(config, "warmup");
        int total = integer(config, "total");
        Convention convention = Convention.MULTI_POWER_LAW;
        ScheduleSpec spec = text(config, "type").equals("cosine")
                ? new ScheduleSpec.Cosine(warmup, 0, floor, 0, convention)
                : new ScheduleSpec.Wsd(warmup, 0, total - integer(config, "decay_start"),
                        shape(text(config, "decay_shape")), floor, null, convention);
        return new Counterpart(spec, total, peak);
    }

    private static Counterpart miniCpm(JsonNode config, int steps) {
        return new Counterpart(
                new ScheduleSpec.Wsd(
                        number(config, "warmup"),
                        0,
                        steps - integer(config, "stable_until"),
                        DecayShape.HALF_LIFE,
                        0,
                        number(config, "half_life"),
                        Convention.HOUSE),
                steps,
                number(config, "peak_lr"));
    }
}
