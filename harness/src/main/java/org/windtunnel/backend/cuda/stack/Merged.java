package org.windtunnel.backend.cuda.stack;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/** What the runs repeat at once, made one where it is the same. */
final class Merged {
    /** By run; null for one that has left. */
    private final Recorded[] of;
    private final String difference;
    private final Recorded stacked;

    /**
     * Compares what the runs repeat.
     *
     * @param of two of them at least are not null
     * @param stride bytes between the memory of a run and that of the next
     */
    Merged(Recorded[] of, long stride, ToLongFunction<String> kernels) {
        this.of = of.clone();
        int first = 0;
        while (of[first] == null) {
            first++;
        }
        int last = of.length - 1;
        while (of[last] == null) {
            last--;
        }
        String found = null;
        for (int run = first + 1; run <= last && found == null; run++) {
            if (of[run] != null) {
                found = difference(of[first].calls(), of[run].calls(), (run - first) * stride);
                found = found == null ? null : "run " + run + " after run " + first + ": " + found;
            }
        }
        difference = found;
        stacked = found == null ? new Recorded(stacked(of[first].calls(), last - first + 1, stride, kernels)) : null;
    }

    private static String difference(List<Call> mine, List<Call> others, long distance) {
        if (mine.size() != others.size()) {
            return others.size() + " calls, not " + mine.size();
        }
        for (int i = 0; i < mine.size(); i++) {
            String found = mine.get(i).difference(others.get(i), distance);
            if (found != null) {
                return "call " + (i + 1) + " of " + mine.size() + " " + found;
            }
        }
        return null;
    }

    /** The memory of runs in between that have left is computed along. */
    private static List<Call> stacked(List<Call> calls, int runs, long stride, ToLongFunction<String> kernels) {
        List<Call> found = new ArrayList<>();
        for (Call call : calls) {
            found.addAll(call.stacked(runs, stride, kernels));
        }
        return found;
    }

    boolean isOf(Recorded[] others) {
        for (int run = 0; run < of.length; run++) {
            if (of[run] != others[run]) {
                return false;
            }
        }
        return true;
    }

    boolean holds(Recorded recorded) {
        for (Recorded one : of) {
            if (one == recorded) {
                return true;
            }
        }
        return false;
    }

    /** Why there is no {@link #stacked}; null if there is. */
    String difference() {
        return difference;
    }

    /** The calls for all; null if they differ. */
    Recorded stacked() {
        return stacked;
    }
}
