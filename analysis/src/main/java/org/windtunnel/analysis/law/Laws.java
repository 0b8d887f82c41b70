package org.windtunnel.analysis.law;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.windtunnel.analysis.AnalysisException;

/** The laws that can be asked for by name, each fitted to rows of a table. */
public final class Laws {
    private static final Map<String, Supplier<Law>> BY_NAME = new LinkedHashMap<>();

    static {
        add(PowerSum::chinchilla);
        add(TiedChinchilla::new);
        add(OverTraining::new);
        add(DownstreamError::new);
        add(Kaplan::sizeAndData);
        add(Kaplan::sizeAndSteps);
        add(CriticalBatch::new);
        add(DataConstrained::new);
        add(Farseer::new);
        add(() -> new BrokenPowerLaw(1));
        add(() -> new BrokenPowerLaw(2));
        add(ParallelScaling::new);
        add(DataSize::new);
        add(RepeatedSampling::exponentiatedPower);
        add(RepeatedSampling::betaBinomial);
        add(() -> new PowerProduct("lr-law", "lr", List.of("N", "D")));
        add(() -> new PowerProduct("batch-law", "batch", List.of("D")));
        add(() -> new PowerProduct("horizon-law", "lr", List.of("D")));
        for (String input : List.of("N", "D", "C")) {
            BY_NAME.put("power-" + input, () -> PowerSum.powerLaw(input, true));
            BY_NAME.put("power-" + input + "-to-zero", () -> PowerSum.powerLaw(input, false));
        }
    }

    private Laws() {}

    private static void add(Supplier<Law> law) {
        BY_NAME.put(law.get().name(), law);
    }

    /** Every name with its law. */
    public static Map<String, Law> all() {
        Map<String, Law> laws = new LinkedHashMap<>();
        BY_NAME.forEach((name, law) -> laws.put(name, law.get()));
        return laws;
    }

    /**
     * A law by name.
     *
     * @throws AnalysisException if there is none, naming those that there are
     */
    public static Law named(String name) {
        Supplier<Law> law = BY_NAME.get(name);
        if (law == null) {
            throw new AnalysisException(
                    "expected a law, found \"" + name + "\". Laws: " + String.join(", ", BY_NAME.keySet()));
        }
        return law.get();
    }
}
