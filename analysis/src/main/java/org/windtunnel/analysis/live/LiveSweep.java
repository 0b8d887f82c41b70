package org.windtunnel.analysis.live;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/** The runs of one directory. Thread-safe. */
public final class LiveSweep {
    /** However many look, the disk is looked at this often. */
    private static final long PAUSE_NANOS = 200_000_000L;

    private final RunsRoot root;
    private final Path directory;
    private final String name;
    private final String only;
    private final Predicate<Path> owned;
    private final SweepListing listing;
    private final Map<String, LiveRun> runs = new TreeMap<>();
    private SweepSnapshot snapshot;
    private long lookedAt;
    private long version;

    /** @param only the one run to show, or null for all @param owned whether a process is at the run of a directory */
    LiveSweep(RunsRoot root, Path directory, String name, String only, Predicate<Path> owned) {
        this.root = root;
        this.directory = directory;
        this.name = name;
        this.only = only;
        this.owned = owned;
        listing = new SweepListing(root, directory);
    }

    /** Name of its directory. */
    public String name() {
        return name;
    }

    /** Where its runs are. */
    public Path directory() {
        return directory;
    }

    /** How everything stands; at most a fifth of a second old. */
    public synchronized SweepSnapshot look() {
        if (snapshot == null || System.nanoTime() - lookedAt > PAUSE_NANOS) {
            snapshot = lookNow();
            lookedAt = System.nanoTime();
        }
        return snapshot;
    }

    private SweepSnapshot lookNow() {
        Map<String, SweepListing.Planned> planned = only == null ? listing.runs() : Map.of();
        Set<String> found = new HashSet<>();
        for (String run : only == null ? root.directories(directory) : List.of(only)) {
            if (runs.containsKey(run) || SweepListing.isRun(root, directory.resolve(run))) {
                found.add(run);
                runs.computeIfAbsent(run, r -> new LiveRun(root, directory.resolve(r), owned));
            }
        }
        runs.keySet().retainAll(found);
        List<RunSnapshot> all = new ArrayList<>();
        runs.forEach((run, live) -> all.add(live.look(planned.get(run))));
        planned.forEach((run, plan) -> {
            if (!runs.containsKey(run)) {
                all.add(new RunSnapshot(
                        run, RunState.TO_DO, null, 0, plan.steps(), 0, Double.NaN, Double.NaN, Double.NaN, plan, null));
            }
        });
        if (snapshot == null || !results(snapshot.runs()).equals(results(all))) {
            version++;
        }
        return new SweepSnapshot(name, List.copyOf(all), version);
    }

    private static List<Object> results(List<RunSnapshot> runs) {
        List<Object> results = new ArrayList<>();
        runs.forEach(run -> results.addAll(List.of(run.runId(), run.state(), run.evalLoss(), run.run() == null)));
        return results;
    }

    /** A run by the name of its directory; empty if there is none. */
    public synchronized Optional<LiveRun> run(String run) {
        look();
        return Optional.ofNullable(runs.get(run));
    }
}
