package org.windtunnel.verify;

import static org.windtunnel.verify.GoldenJson.field;
import static org.windtunnel.verify.GoldenJson.number;
import static org.windtunnel.verify.GoldenJson.numbers;
import static org.windtunnel.verify.GoldenJson.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.ConfigException;
import org.windtunnel.nn.Model;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.optim.Optimizer;
import org.windtunnel.optim.Optimizers;
import org.windtunnel.optim.Projections;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;

/**
 * Replays {@code model-golden/v1}: logits, loss and every gradient of a network, running
 * statistics where there are some, then its training runs.
 *
 * <p>In double precision the file's own limits apply. In single precision logits and gradients must be within 1e-4 of
 * their tensor's largest magnitude, which is tighter than the file; losses follow the file.
 */
public final class ModelGolden implements GoldenFormat {
    private static final double SINGLE = 1e-4;

    /**
     * Not compared after single-precision runs: a key's bias shifts all scores of a query alike, so its gradient is zero
     * but for rounding, which Adam turns into steps of a good part of the learning rate.
     */
    private static final String KEY_BIAS = "attn.c_attn.bias";

    @Override
    public String format() {
        return "model-golden/v1";
    }

    @Override
    public String unsupported(String name, JsonNode root) {
        return GoldenNetwork.unsupported(root);
    }

    @Override
    public List<String> unsupportedParts(String name, JsonNode root) {
        List<String> parts = new ArrayList<>();
        int index = 0;
        for (JsonNode run : root.path("train_runs")) {
            if (!GoldenRun.supports(run)) {
                parts.add(runName(run, index) + ": no such optimizer yet");
            }
            index++;
        }
        return parts;
    }

    @Override
    public List<Check> replay(String name, JsonNode root, Supplier<Backend> backend) {
        try (Backend open = backend.get()) {
            GoldenNetwork model = GoldenNetwork.of(root);
            Limits limits = Limits.of(field(root, "tolerance"), open.floatType() == DType.FLOAT64);
            List<Check> checks = new ArrayList<>(new Replay(name, root, model, limits, open).passes());
            int index = 0;
            for (JsonNode run : root.path("train_runs")) {
                if (GoldenRun.supports(run)) {
                    checks.addAll(new Replay(name, root, model, limits, open).run(run, runName(run, index)));
                }
                index++;
            }
            return checks;
        }
    }

    private static String runName(JsonNode run, int index) {
        return "run " + (index + 1) + " " + text(run, "optimizer");
    }

    /** @param early tolerance of the first {@code earlySteps} losses of a run, {@code late} of the rest */
    private record Limits(
            Tolerance logits, Tolerance loss, Tolerance gradients, int earlySteps, Tolerance early, Tolerance late) {
        private static final Pattern NUMBER = Pattern.compile("[0-9.]+(e[+-]?[0-9]+)?");

        static Limits of(JsonNode tolerance, boolean exact) {
            double loss = number(field(tolerance, "loss"), exact ? "rtol_f64" : "rtol_f32");
            double[] gradients = inText(text(field(tolerance, "grads"), "f64"));
            double[] run = inText(text(field(tolerance, "train_losses"), exact ? "f64" : "f32"));
            Tolerance late = Tolerance.elementwise(run[0], 0);
            return new Limits(
                    Tolerance.ofLargest(exact ? loss : SINGLE),
                    Tolerance.elementwise(loss, 0),
                    exact ? Tolerance.elementwise(gradients[0], gradients[1]) : Tolerance.ofLargest(SINGLE),
                    run.length == 3 ? (int) run[1] : 0,
                    run.length == 3 ? Tolerance.elementwise(run[2], 0) : late,
                    late);
        }

        /** The numbers of, for example, {@code rtol 2e-3 (first 5 steps 1e-4)}. */
        private static double[] inText(String text) {
            Matcher matcher = NUMBER.matcher(text);
            List<Double> found = new ArrayList<>();
            while (matcher.find()) {
                found.add(Double.parseDouble(matcher.group()));
            }
            return found.stream().mapToDouble(Double::doubleValue).toArray();
        }
    }

    /** A model filled from the file, and what is compared on it. */
    private static final class Replay {
        private final String name;
        private final JsonNode root;
        private final GoldenNetwork golden;
        private final Limits limits;
        private final Backend backend;
        private final double[] sums = new double[3];

        Replay(String name, JsonNode root, GoldenNetwork golden, Limits limits, Backend backend) {
            this.name = name;
            this.root = root;
            this.golden = golden;
            this.limits = limits;
            this.backend = backend;
        }

        private Model model(Arena arena) {
            Model model = golden.build(backend, root, arena);
            for (ParamSpec spec : model.parameters().specs()) {
                JsonNode param = field(field(root, "params"), golden.nameInFile(spec.name()));
                int[] shape = GoldenNetwork.ints(param, "shape");
                if (!Arrays.equals(shape, spec.shape())) {
                    throw new ConfigException("expected " + spec + ", found " + Arrays.toString(shape));
                }
                model.parameters().weight(spec.name()).set(numbers(param, "values"));
            }
            return model;
        }

        List<Check> passes() {
            try (Arena arena = Arena.of(backend::allocate, backend.storagePolicy())) {
                Model model = model(arena);
                List<Check> checks = new ArrayList<>(golden.outputs(name, root, model, limits.logits, limits.loss));
                double[] loss = {forwardBackward(model)};
                checks.add(limits.loss.check(name, "loss", loss, new double[] {number(root, "loss")}));
                for (ParamSpec spec : model.parameters().specs()) {
                    String inFile = golden.nameInFile(spec.name());
                    double[] expected = numbers(field(root, "grads"), inFile);
                    double[] actual = model.parameters().gradient(spec.name()).toDoubles();
                    checks.add(limits.gradients.check(name, "grad " + inFile, actual, expected));
                }
                return checks;
            }
        }

        /** Mean loss; leaves the gradients of it. */
        private double forwardBackward(Model model) {
            model.forwardBackward(1.0 / model.targets().size(), 0, false, sums);
            return sums[0] / sums[2];
        }

        List<Check> run(JsonNode run, String runName) {
            try (Arena arena = Arena.of(backend::allocate, backend.storagePolicy())) {
                Model model = model(arena);
                GoldenRun recipe = GoldenRun.of(run, golden);
                JsonNode drawn = run.path("projections_from_0based_step");
                Projections projections = (parameter, step, rank, p) -> p.set(numbers(
                        drawn.path(Long.toString(step - 1)).path(golden.nameInFile(parameter)), "values"));
                Optimizer optimizer = Optimizers.create(
                        recipe.optimizer(), backend, model.parameters(), recipe.table(), projections, arena);
                double[] expected = numbers(run, "losses");
                double[] losses = new double[expected.length];
                for (int step = 0; step < losses.length - 1; step++) {
                    losses[step] = forwardBackward(model);
                    optimizer.step(recipe.lr(step), recipe.gradScale(backend, model.parameters().gradients()));
                }
                losses[losses.length - 1] = forwardBackward(model);
                return compare(run, name + ", " + runName, model, losses, expected);
            }
        }

        private List<Check> compare(
                JsonNode run, String caseName, Model model, double[] losses, double[] expected) {
            List<Check> checks = new ArrayList<>();
            int split = Math.min(limits.earlySteps, losses.length);
            if (split > 0) {
                checks.add(limits.early.check(caseName, "first " + split + " losses", Arrays.copyOf(losses, split),
                        Arrays.copyOf(expected, split)));
            }
            checks.add(limits.late.check(caseName, "losses", losses, expected));
            boolean exact = backend.floatType() == DType.FLOAT64;
            List<ParamSpec> compared = model.parameters().specs().stream()
                    .filter(spec -> exact || !spec.name().endsWith(KEY_BIAS))
                    .toList();
            checks.add(finalWeights(field(run, "final_param_sum_and_l2"), caseName, model, compared));
            return checks;
        }

        /**
         * Sum and l2 norm of final weights, in units of the expected norm: a relative deviation r of the weights moves
         * the norm by at most r and the sum by at most r · sqrt(elements).
         */
        private Check finalWeights(JsonNode expected, String caseName, Model model, List<ParamSpec> specs) {
            double[] actual = new double[2 * specs.size()];
            double[] wanted = new double[actual.length];
            for (int i = 0; i < specs.size(); i++) {
                double[] weights = model.parameters().weight(specs.get(i).name()).toDoubles();
                double[] sumAndNorm = numbers(expected, golden.nameInFile(specs.get(i).name()));
                double norm = sumAndNorm[1];
                double sumUnit = norm * Math.sqrt(weights.length);
                actual[2 * i] = Arrays.stream(weights).sum() / sumUnit;
                wanted[2 * i] = sumAndNorm[0] / sumUnit;
                actual[2 * i + 1] = Math.sqrt(Arrays.stream(weights).map(x -> x * x).sum()) / norm;
                wanted[2 * i + 1] = 1;
            }
            Tolerance tolerance = Tolerance.ofLargest(limits.late.relative());
            return tolerance.check(caseName, "final weights: sum, l2", actual, wanted);
        }
    }
}
