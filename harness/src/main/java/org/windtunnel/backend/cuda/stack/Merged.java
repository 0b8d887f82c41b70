package org.windtunnel.backend.cuda.stack;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/** What several runs repeat, made one. */
final class Merged {
    /** By run; null for one that is not among them. */
    private final Recorded[] of;
    private final Recorded stacked;

    /**
     * Stacks the calls of all runs from the first to the last that is not null.
     *
     * @param of the same work, as {@link Turns} tells
     * @param stride bytes between the memory of a run and that of the next
     * @param kernels handles by name
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
        List<Call> calls = new ArrayList<>();
        for (Call call : of[first].calls()) {
            calls.addAll(call.stacked(last - first + 1, stride, kernels));
        }
        stacked = new Recorded(of[first].run(), calls);
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
        return of[recorded.run()] == recorded;
    }

    Recorded stacked() {
        return stacked;
    }
}
