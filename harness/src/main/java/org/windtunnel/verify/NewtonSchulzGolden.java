package org.windtunnel.verify;

import static org.windtunnel.verify.GoldenJson.field;
import static org.windtunnel.verify.GoldenJson.number;
import static org.windtunnel.verify.GoldenJson.numbers;
import static org.windtunnel.verify.GoldenJson.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.NewtonSchulzCoefficients;
import org.windtunnel.optim.NewtonSchulz;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;

/** {@code newton-schulz-golden/v1}: orthogonalised matrices, by the implementations that have a coefficient set here. */
final class NewtonSchulzGolden implements GoldenFormat {
    /** What the files' notes allow rank-deficient inputs, whose null space amplifies rounding. */
    private static final double DEFICIENT_F32 = 2e-2;
    private static final double DEFICIENT_F64 = 1e-8;

    /**
     * Past the five published steps the Keller Jordan polynomial does not contract: small singular values amplify
     * rounding, the file's own as well, so many times which is allowed.
     */
    private static final double OWN_ROUNDING = 20;
    private static final int PUBLISHED_STEPS = 5;

    @Override
    public String format() {
        return "newton-schulz-golden/v1";
    }

    @Override
    public String unsupported(String name, JsonNode root) {
        return null;
    }

    @Override
    public List<Check> replay(String name, JsonNode root, Supplier<Backend> backend) {
        List<Check> checks = new ArrayList<>();
        try (Backend b = backend.get()) {
            for (Map.Entry<String, JsonNode> e : field(root, "implementations").properties()) {
                for (JsonNode c : field(root, "cases")) {
                    checks.add(check(name, root, e.getKey(), e.getValue(), c, b));
                }
            }
        }
        return checks;
    }

    private static double largestDifference(double[] a, double[] b) {
        double largest = 0;
        for (int i = 0; i < a.length; i++) {
            largest = Math.max(largest, Math.abs(a[i] - b[i]));
        }
        return largest;
    }

    private static Check check(
            String name, JsonNode root, String implementation, JsonNode settings, JsonNode c, Backend backend) {
        String output = backend.floatType() == DType.FLOAT64 ? "out_f64" : "out_f32";
        JsonNode tolerance = field(field(root, "tolerance"), output);
        boolean single = backend.floatType() == DType.FLOAT32;
        JsonNode outputs = field(field(c, "outputs"), implementation);
        double[] expected = numbers(outputs, output);
        double atol = number(tolerance, "atol");
        if (c.path("rank_deficient").asBoolean()) {
            atol = single ? DEFICIENT_F32 : DEFICIENT_F64;
        } else if (single && GoldenJson.integer(settings, "steps") > PUBLISHED_STEPS) {
            atol += OWN_ROUNDING * largestDifference(expected, numbers(outputs, "out_f64"));
        }
        NewtonSchulzCoefficients coefficients = field(settings, "coeffs").isArray()
                ? NewtonSchulzCoefficients.DION
                : NewtonSchulzCoefficients.KELLER_JORDAN;
        double[] shape = numbers(c, "shape");
        int rows = (int) shape[0];
        int columns = (int) shape[1];
        try (Arena arena = Arena.of(backend::allocate, backend.floatType())) {
            int side = Math.min(rows, columns);
            NewtonSchulz.Batch batch = new NewtonSchulz(coefficients, GoldenJson.integer(settings, "steps"),
                            number(settings, "eps"), backend, rows * columns, side * side, arena)
                    .batch(1, rows, columns);
            batch.inputs().get(0).set(numbers(c, "input"));
            batch.orthogonalize();
            return new Deviation(number(tolerance, "rtol"), atol)
                    .add(batch.outputs().get(0).toDoubles(), expected)
                    .check(name + "/" + implementation + " (" + backend.name() + ")",
                            text(c, "name") + ", " + backend.floatType());
        }
    }
}
