package org.windtunnel.peer;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Prints results as Markdown. */
final class Report {
    /** How far the losses may lie apart. */
    static final double LOSS_TOLERANCE = 1e-3;

    private final PrintStream out;
    private final List<Side> ours;

    Report(PrintStream out, List<Side> sides) {
        this.out = out;
        this.ours = sides.stream().filter(side -> side != Side.TORCH).toList();
    }

    void contestants(MatchResult result) {
        result.descriptions().forEach((side, text) -> print("- %s: %s%n", side.title(), text));
    }

    /** The curves of one match. */
    void losses(MatchResult result) {
        print("%nLosses of %s, %s:%n%n", result.workload(), threads(result.threads()));
        String steps = Arrays.stream(steps()).mapToObj(Integer::toString).collect(Collectors.joining(" | "));
        print("| step | %s | largest difference |%n|---|%s---|%n", steps, "---|".repeat(Match.COMPARED_STEPS));
        result.losses().forEach((side, curve) -> {
            String row = Arrays.stream(curve).mapToObj(loss -> format("%.5f", loss)).collect(Collectors.joining(" | "));
            print("| %s | %s | %s |%n", side.title(), row,
                    side == Side.TORCH ? "" : format("%.1e", result.lossDifference(side)));
        });
    }

    private static int[] steps() {
        int[] steps = new int[Match.COMPARED_STEPS];
        Arrays.setAll(steps, i -> i + 1);
        return steps;
    }

    void speedHeading() {
        print("%nMilliseconds of a step (median) and PyTorch's time over ours (median [least, most] of the rounds).%n"
                + "Others: the most that other programs took of the processors in one of the rounds.%n%n");
        print("| model | threads | %s | ", Side.TORCH.title());
        ours.forEach(side -> print("%s | ratio | ratio of CPU time | ", side.title()));
        print("others |%n|---|---|---|%s---|%n", "---|---|---|".repeat(ours.size()));
    }

    void speed(MatchResult result) {
        print("| %s | %d | %.1f | ", result.workload(), result.threads(), result.millis(Side.TORCH));
        for (Side side : ours) {
            double[] ratios = result.ratios(side);
            print("%.1f | **%.2f** [%.2f, %.2f] | %.2f | ", result.millis(side), Burst.median(ratios),
                    Arrays.stream(ratios).min().orElseThrow(), Arrays.stream(ratios).max().orElseThrow(),
                    result.cpuRatio(side));
        }
        print("%.0f%% |%n", 100 * result.others());
    }

    /** What was aimed for and missed; returns whether the losses agree. */
    boolean verdict(List<MatchResult> results) {
        print("%n");
        boolean agree = true;
        for (Side side : ours) {
            double apart = results.stream().mapToDouble(result -> result.lossDifference(side)).max().orElse(0);
            agree &= apart <= LOSS_TOLERANCE;
            print("- %s: losses at most %.1e apart from PyTorch's over %d steps, tolerance %.0e: %s%n", side.title(),
                    apart, Match.COMPARED_STEPS, LOSS_TOLERANCE, apart <= LOSS_TOLERANCE ? "pass" : "FAIL");
            List<MatchResult> slow = results.stream()
                    .filter(result -> Burst.median(result.ratios(side)) < side.wanted())
                    .toList();
            String rows = slow.stream()
                    .map(result -> result.workload() + " with " + threads(result.threads()))
                    .collect(Collectors.joining("; "));
            print("- %s: aim is a median ratio of %.1f, reached in %d of %d rows%s%n", side.title(), side.wanted(),
                    results.size() - slow.size(), results.size(), slow.isEmpty() ? "" : "; missed: " + rows);
        }
        return agree;
    }

    private static String threads(int count) {
        return count == 1 ? "1 thread" : count + " threads";
    }

    private void print(String pattern, Object... values) {
        out.print(format(pattern, values));
        out.flush();
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
