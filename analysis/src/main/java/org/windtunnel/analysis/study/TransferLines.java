package org.windtunnel.analysis.study;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.windtunnel.analysis.Numbers;
import org.windtunnel.analysis.transfer.Drift;
import org.windtunnel.analysis.transfer.LrBowl;
import org.windtunnel.analysis.transfer.LrOptimum;
import org.windtunnel.analysis.transfer.TransferGroup;

/** What a study says about the transfer of the learning rate, as text for a terminal of 100 columns. */
public final class TransferLines {
    private final List<TransferGroup> groups;
    private final StudyOptions options;
    private final String axis;
    private final List<String> lines = new ArrayList<>();

    private TransferLines(List<TransferGroup> groups, StudyOptions options) {
        this.groups = groups;
        this.options = options;
        this.axis = options.axis();
    }

    /** The lines, none longer than 100 characters unless a group's name is; none where no group has a bowl. */
    public static List<String> of(List<TransferGroup> groups, StudyOptions options) {
        TransferLines transfer = new TransferLines(groups, options);
        if (!groups.isEmpty()) {
            transfer.optima();
        }
        if (groups.stream().anyMatch(g -> g.drift() != null)) {
            transfer.drifts();
        }
        return List.copyOf(transfer.lines);
    }

    private void optima() {
        lines.add("");
        lines.add("best learning rate per " + axis + ", with 95 % interval");
        int label = Math.max(5, groups.stream().mapToInt(g -> g.label().length()).max().orElse(0));
        lines.add(String.format("  %-" + label + "s %8s %10s  %-22s %8s %5s %6s  %s",
                "group", axis, "best LR", "interval", "loss", "seeds", "sens.", "from"));
        for (TransferGroup group : groups) {
            for (LrBowl bowl : group.bowls()) {
                lines.add(row(label, group.label(), bowl));
            }
        }
        lines.addAll(Wrapped.lines(
                "  ",
                "sens.: learning-rate sensitivity, the mean loss above the best over the rates tried, "
                        + "capped at that of uniform predictions (nats)"));
    }

    private static String row(int label, String group, LrBowl bowl) {
        String start = String.format(Locale.ROOT, "  %-" + label + "s %8s", group, size(bowl.width()));
        LrOptimum o = bowl.optimum();
        if (o == null) {
            return start + "          -  every run diverged";
        }
        String from = o.method() == LrOptimum.Method.PARABOLA
                ? "parabola"
                : o.edge() == LrOptimum.Edge.NONE ? "grid" : "grid's edge";
        String sensitivity = bowl.sensitivity() == null ? "-" : String.format(Locale.ROOT, "%.3f", bowl.sensitivity());
        return start + String.format(Locale.ROOT, " %10s  %-22s %8.4f %5s %6s  %s",
                Numbers.text(o.lr()), interval(o), o.loss(), seeds(bowl), sensitivity, from);
    }

    private static String interval(LrOptimum o) {
        if (o.lo() == null) {
            return o.hi() == null ? "unbounded" : "below " + Numbers.text(o.hi());
        }
        return o.hi() == null ? "above " + Numbers.text(o.lo()) : between(o.lo(), o.hi());
    }

    /** Seeds a rate, least to most. */
    private static String seeds(LrBowl bowl) {
        int least = bowl.points().stream().mapToInt(p -> p.runIds().size()).min().orElse(0);
        int most = bowl.points().stream().mapToInt(p -> p.runIds().size()).max().orElse(0);
        return least == most ? Integer.toString(most) : least + "-" + most;
    }

    private static String size(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }

    static String between(double lo, double hi) {
        return "[" + Numbers.text(lo) + ", " + Numbers.text(hi) + "]";
    }

    private void drifts() {
        lines.add("");
        lines.add(String.format(
                Locale.ROOT,
                "transfer over %s (means: less than ±%s octaves per doubling, with 95 %% confidence)",
                axis,
                Numbers.text(options.driftTolerance())));
        for (TransferGroup group : groups) {
            if (group.drift() != null) {
                lines.addAll(Wrapped.lines("  ", group.drift().sentence()));
                exponent(group.drift());
                cost(group, group.drift());
            }
        }
    }

    private void exponent(Drift drift) {
        if (drift.slope() != null) {
            lines.add(String.format(Locale.ROOT, "    best rate ~ %s^%+.2f ± %.2f", axis, drift.slope(),
                    1.96 * drift.slopeError()));
        }
    }

    private void cost(TransferGroup group, Drift drift) {
        if (drift.transferredLr() != null && drift.excess() != null) {
            LrBowl last = group.bowls().get(group.bowls().size() - 1);
            lines.addAll(Wrapped.lines("    ", String.format(
                    Locale.ROOT,
                    "at %s %s the best rate of %s %s (%s) %s",
                    axis,
                    size(last.width()),
                    axis,
                    size(group.bowls().get(0).width()),
                    Numbers.text(drift.transferredLr()),
                    Double.isInfinite(drift.excess())
                            ? "diverges"
                            : String.format(Locale.ROOT, "costs %+.4f nats", drift.excess()))));
        }
    }
}
