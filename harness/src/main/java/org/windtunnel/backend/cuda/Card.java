package org.windtunnel.backend.cuda;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * What its vendor says a card can do at most: TFLOP/s of matrix products by operands, and GB/s of its memory.
 *
 * <p>The figures are those of NVIDIA's data sheets and architecture papers, dense: where a data sheet gives a figure
 * "with sparsity", this is half of it. fp32 is that of the plain cores. At boost clocks, which a card under load rarely
 * holds.
 *
 * @param marks parts of the driver's name for the card, all of which it has
 * @param tf32 NaN where the card has none
 * @param bf16 with sums in fp32; NaN where the card has none
 */
record Card(List<String> marks, double fp32, double tf32, double bf16, double gigabytesPerSecond) {
    private static final double NONE = Double.NaN;
    private static final double TERA = 1e12;

    /** Words that make another card, or a part of one, of a name that would be in the table without them. */
    private static final Set<String> OTHERS = Set.of("MIG", "Laptop", "Ti", "D", "SUPER");

    /** The first one whose marks are all there is the card; so the more exact come first. */
    private static final List<Card> KNOWN = List.of(
            card("GB200", 80, 1250, 2500, 8000),
            card("B200", 80, 1100, 2250, 8000),
            card("GH200 480GB", 67, 494.7, 989.4, 4000),
            card("GH200", 67, 494.7, 989.4, 4900),
            card("H200 NVL", 60, 417.5, 835.5, 4800),
            card("H200", 67, 494.7, 989.4, 4800),
            card("H100 NVL", 60, 417.5, 835.5, 3900),
            card("H100 PCIe", 51, 378, 756, 2000),
            card("H100 80GB HBM3", 67, 494.7, 989.4, 3350),
            card("A100 80GB PCIe", 19.5, 156, 312, 1935),
            card("A100-SXM4-80GB", 19.5, 156, 312, 2039),
            card("A100-SXM4-40GB", 19.5, 156, 312, 1555),
            card("A100-PCIE-40GB", 19.5, 156, 312, 1555),
            card("RTX 6000 Ada", 91.1, 182.1, 364.2, 960),
            card("L40S", 91.6, 183, 362, 864),
            card("L40", 90.5, 90.5, 181, 864),
            card("L4", 30.3, 60, 121, 300),
            card("RTX 4090", 82.6, 82.6, 165.2, 1008),
            card("A40", 37.4, 74.8, 149.7, 696),
            card("A10", 31.2, 62.5, 125, 600),
            card("RTX 3090", 35.6, 35.6, 71, 936),
            card("T4", 8.1, NONE, NONE, 320),
            card("V100S-PCIE", 16.4, NONE, NONE, 1134),
            card("V100-SXM2", 15.7, NONE, NONE, 900),
            card("V100-PCIE", 14, NONE, NONE, 900));

    private static Card card(String marks, double fp32, double tf32, double bf16, double gigabytesPerSecond) {
        return new Card(List.of(marks.split(" ")), fp32, tf32, bf16, gigabytesPerSecond);
    }

    /**
     * The card of a name that the driver gives, {@code NVIDIA H100 80GB HBM3} say; empty for one that is not in the
     * table, and for a part of a card, whose share of the peak is not known.
     */
    static Optional<Card> of(String name) {
        List<String> words = List.of(name.split(" "));
        if (words.stream().anyMatch(OTHERS::contains)) {
            return Optional.empty();
        }
        return KNOWN.stream().filter(card -> card.marks.stream().allMatch(mark -> has(words, mark))).findFirst();
    }

    /** A word; or, of a Volta card, all but its memory: {@code V100-SXM2} of {@code Tesla V100-SXM2-16GB}. */
    private static boolean has(List<String> words, String mark) {
        return words.stream()
                .anyMatch(word -> word.equals(mark) || mark.startsWith("V100") && word.startsWith(mark + "-"));
    }

    /** FLOP/s of matrix products with these operands; empty where the card has no such units. */
    OptionalDouble peakFlops(Operands operands) {
        double teraflops = switch (operands) {
            case FP32 -> fp32;
            case TF32 -> tf32;
            case BF16 -> bf16;
        };
        return Double.isNaN(teraflops) ? OptionalDouble.empty() : OptionalDouble.of(teraflops * TERA);
    }

    /** For display: {@code 989.4 TFLOP/s bf16, 3350 GB/s}. */
    String describe(Operands operands) {
        OptionalDouble peak = peakFlops(operands);
        String products = peak.isPresent()
                ? String.format(Locale.ROOT, "%.1f TFLOP/s", peak.getAsDouble() / TERA)
                : "no peak known";
        return String.format(Locale.ROOT, "%s %s, %.0f GB/s", products, operands.name().toLowerCase(Locale.ROOT),
                gigabytesPerSecond);
    }
}
