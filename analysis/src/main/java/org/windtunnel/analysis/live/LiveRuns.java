package org.windtunnel.analysis.live;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.curve.RunReader;

/** Every sweep in a directory: its children that hold runs, or itself, or the one run that it is. Thread-safe. */
public final class LiveRuns {
    private final RunsRoot root;
    private final Predicate<Path> owned;
    private final String only;
    private final Map<String, LiveSweep> sweeps = new TreeMap<>();

    private LiveRuns(RunsRoot root, String only, Predicate<Path> owned) {
        this.root = root;
        this.only = only;
        this.owned = owned;
    }

    /**
     * @param directory of sweeps, of one sweep, or of one run
     * @param owned tells whether a process is at the run in a directory
     * @throws AnalysisException if it is not a directory
     */
    public static LiveRuns open(Path directory, Predicate<Path> owned) {
        RunsRoot root = RunsRoot.at(directory);
        if (root.file(root.path().resolve(RunReader.MANIFEST)).isPresent() && root.path().getParent() != null) {
            return new LiveRuns(RunsRoot.at(root.path().getParent()), root.path().getFileName().toString(), owned);
        }
        return new LiveRuns(root, null, owned);
    }

    /** The directory that is looked into. */
    public Path directory() {
        return root.path();
    }

    /** The one run that is looked at; empty for all. */
    public Optional<String> only() {
        return Optional.ofNullable(only);
    }

    /** The sweeps that are there now, by name. */
    public synchronized List<LiveSweep> sweeps() {
        boolean itself = only != null || root.anyDirectory(root.path(), child -> SweepListing.isRun(root, child));
        List<String> names = new ArrayList<>();
        if (itself) {
            names.add(ownName());
            sweeps.computeIfAbsent(ownName(), name -> new LiveSweep(root, root.path(), name, only, owned));
        }
        for (String child : itself ? List.<String>of() : root.directories(root.path())) {
            Path directory = root.path().resolve(child);
            if (sweeps.containsKey(child)
                    || root.file(directory.resolve(SweepListing.FILE)).isPresent()
                    || root.anyDirectory(directory, run -> SweepListing.isRun(root, run))) {
                names.add(child);
                sweeps.computeIfAbsent(child, name -> new LiveSweep(root, directory, name, null, owned));
            }
        }
        sweeps.keySet().retainAll(names);
        return List.copyOf(sweeps.values());
    }

    private String ownName() {
        Path last = root.path().getFileName();
        return last == null ? "runs" : last.toString();
    }

    /** A sweep by its name; empty if there is none. */
    public Optional<LiveSweep> sweep(String name) {
        return sweeps().stream().filter(sweep -> sweep.name().equals(name)).findFirst();
    }
}
