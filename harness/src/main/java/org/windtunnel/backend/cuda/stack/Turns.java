package org.windtunnel.backend.cuda.stack;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whose turn it is when all runs are about to repeat something. As a rule that is the same work, and all go on. A run
 * that has gone back to a checkpoint, say, is at another point of its step; then the others wait until it has come up
 * with them. A run that never does the same as the others is not waited for in the end.
 */
final class Turns {
    private static final Logger LOG = LoggerFactory.getLogger(Turns.class);

    /** More turns than a step has passes. */
    private static final int MOST_IN_A_ROW = 64;

    private final long stride;
    /** Null values for equal work, else what differs. */
    private final Map<Pair, String> differences = new HashMap<>();
    /** What several runs have been about to do at once. */
    private final Set<Recorded> shared = new HashSet<>();
    private int inARow;
    private boolean stackedBefore;
    private boolean told;

    /** Two recordings, of different runs. */
    private record Pair(Recorded first, Recorded second) {}

    /** @param stride bytes between the memory of a run and that of the next */
    Turns(long stride) {
        this.stride = stride;
    }

    /** Whether two runs are about to do the same, each in its own memory. */
    boolean same(Recorded first, Recorded second) {
        return difference(first, second) == null;
    }

    private String difference(Recorded first, Recorded second) {
        Pair pair = new Pair(first, second);
        if (!differences.containsKey(pair)) {
            differences.put(pair, compare(first.calls(), second.calls(), (second.run() - first.run()) * stride));
        }
        return differences.get(pair);
    }

    private static String compare(List<Call> mine, List<Call> others, long distance) {
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

    /**
     * Who goes on.
     *
     * @param waiting what each run is about to do; null for one that is not there
     */
    boolean[] next(Recorded[] waiting) {
        int[] leaders = new int[waiting.length];
        int[] followers = new int[waiting.length];
        int largest = 0;
        int groups = 0;
        for (int run = 0; run < waiting.length; run++) {
            if (waiting[run] != null) {
                leaders[run] = leader(waiting, run);
                if (leaders[run] != run) {
                    shared.add(waiting[run]);
                    shared.add(waiting[leaders[run]]);
                }
                groups += leaders[run] == run ? 1 : 0;
                followers[leaders[run]]++;
                largest = followers[leaders[run]] > followers[largest] ? leaders[run] : largest;
            }
        }
        boolean all = groups <= 1 || inARow >= MOST_IN_A_ROW;
        tell(waiting, leaders, largest, groups);
        inARow = groups <= 1 ? 0 : Math.min(inARow + 1, MOST_IN_A_ROW);
        boolean[] go = new boolean[waiting.length];
        for (int run = 0; run < go.length; run++) {
            go[run] = waiting[run] != null && (all || leaders[run] != largest);
        }
        return go;
    }

    /** The first run that is about to do the same. */
    private int leader(Recorded[] waiting, int run) {
        for (int other = 0; other < run; other++) {
            if (waiting[other] != null && same(waiting[other], waiting[run])) {
                return other;
            }
        }
        return run;
    }

    private void tell(Recorded[] waiting, int[] leaders, int largest, int groups) {
        if (groups == 1 && !stackedBefore && waiting[largest] != null) {
            stackedBefore = true;
            LOG.info("the {} calls that each run repeats are made for all at once", waiting[largest].calls().size());
        }
        if (groups > 1 && inARow == MOST_IN_A_ROW && !told) {
            for (int run = 0; run < waiting.length; run++) {
                // A run that is late does what the others have done, or will do.
                if (waiting[run] != null && run != largest && !shared.contains(waiting[run])) {
                    told = true;
                    String difference = run > largest
                            ? difference(waiting[largest], waiting[run])
                            : difference(waiting[run], waiting[largest]);
                    LOG.warn("run {} does not repeat what run {} does and goes on unstacked: {}",
                            Math.max(run, largest), Math.min(run, largest), difference);
                }
            }
        }
    }

    void forget(Recorded recorded) {
        shared.remove(recorded);
        differences.keySet().removeIf(pair -> pair.first() == recorded || pair.second() == recorded);
    }
}
