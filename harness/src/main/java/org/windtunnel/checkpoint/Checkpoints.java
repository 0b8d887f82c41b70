package org.windtunnel.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.windtunnel.config.CheckpointSpec;
import org.windtunnel.config.ConfigException;
import org.windtunnel.record.DurableFiles;
import org.windtunnel.record.RunDirectory;

/** The checkpoints of a run directory. */
public final class Checkpoints {
    private static final String PREFIX = "step-";
    /** In front of what is being written or deleted. */
    private static final String HIDDEN = ".";

    private final Path directory;

    /** @param run the run directory, owned or only read */
    public Checkpoints(Path run) {
        this.directory = run.resolve(RunDirectory.CHECKPOINTS);
    }

    /**
     * A search for the state to go on from.
     *
     * @param checkpoint the newest that can be used, or null
     * @param problems newer ones that can't, a sentence each
     */
    public record Search(Checkpoint checkpoint, List<String> problems) {}

    static String name(long step) {
        return String.format("%s%08d", PREFIX, step);
    }

    Path path(long step) {
        return directory.resolve(name(step));
    }

    Path directory() {
        return directory;
    }

    /** Steps of which there is a checkpoint, by step; none of them is verified. */
    public NavigableMap<Long, Path> list() {
        NavigableMap<Long, Path> found = new TreeMap<>();
        if (!Files.isDirectory(directory)) {
            return found;
        }
        try (Stream<Path> entries = Files.list(directory)) {
            entries.filter(p -> p.getFileName().toString().matches(PREFIX + "\\d{8,18}"))
                    .forEach(p -> found.put(Long.parseLong(p.getFileName().toString().substring(PREFIX.length())), p));
        } catch (IOException e) {
            throw new ConfigException(directory + ": cannot be listed: " + e.getMessage(), e);
        }
        return found;
    }

    /**
     * The newest checkpoint that is whole and that the caller can use.
     *
     * @param obstacle why a whole checkpoint can't be used all the same, empty if it can
     * @throws ConfigException if one is of a newer format
     */
    public Search newest(Function<Checkpoint, Optional<String>> obstacle) {
        List<String> problems = new ArrayList<>();
        for (Path path : list().descendingMap().values()) {
            try {
                Checkpoint checkpoint = Checkpoint.verify(path);
                Optional<String> reason = obstacle.apply(checkpoint);
                if (reason.isEmpty()) {
                    return new Search(checkpoint, problems);
                }
                problems.add("checkpoint " + path.getFileName() + " cannot be used: " + reason.get());
            } catch (DamagedException e) {
                problems.add("checkpoint " + path.getFileName() + " is damaged: " + e.getMessage());
            }
        }
        return new Search(null, problems);
    }

    /** The checkpoint of a step. @throws ConfigException if there is none, or it is damaged */
    public Checkpoint at(long step) {
        Path path = path(step);
        if (!Files.isDirectory(path)) {
            throw new ConfigException(directory.getParent() + " has no checkpoint of step " + step + "; it has "
                    + (list().isEmpty() ? "none" : list().keySet()) + "; ask for more with checkpoint.keep_at");
        }
        try {
            return Checkpoint.verify(path);
        } catch (DamagedException e) {
            throw new ConfigException(path + " is damaged: " + e.getMessage(), e);
        }
    }

    /** Removes checkpoints of later steps, and what was being written or deleted when a process was cut off. */
    public void removeAfter(long step) {
        try {
            if (Files.isDirectory(directory)) {
                try (Stream<Path> entries = Files.list(directory)) {
                    for (Path entry : entries.filter(p -> p.getFileName().toString().startsWith(HIDDEN)).toList()) {
                        DurableFiles.deleteTree(entry);
                    }
                }
            }
            for (Path path : list().tailMap(step, false).values()) {
                remove(path);
            }
        } catch (IOException e) {
            throw RunDirectory.notWritable(directory, e);
        }
    }

    /** Removes what the policy does not keep. */
    void prune(CheckpointSpec policy) throws IOException {
        NavigableMap<Long, Path> all = list();
        long best = policy.keepBest() ? best(all) : -1;
        List<Long> newestFirst = new ArrayList<>(all.descendingKeySet());
        for (int i = policy.keepLast(); i < newestFirst.size(); i++) {
            long step = newestFirst.get(i);
            if (!policy.keepsForGood(step) && step != best) {
                remove(all.get(step));
            }
        }
    }

    /** Step of the lowest evaluation loss, the first of equals; -1 without one. */
    private static long best(NavigableMap<Long, Path> all) {
        record Evaluated(long step, double loss) {}
        List<Evaluated> evaluated = new ArrayList<>();
        all.forEach((step, path) -> {
            try {
                double loss = CheckpointMeta.parse(Files.readAllBytes(path.resolve(Checkpoint.META))).evalLoss();
                if (!Double.isNaN(loss)) {
                    evaluated.add(new Evaluated(step, loss));
                }
            } catch (IOException | DamagedException e) {
                // A damaged checkpoint is nobody's best.
            }
        });
        return evaluated.stream()
                .min(Comparator.comparingDouble(Evaluated::loss).thenComparingLong(Evaluated::step))
                .map(Evaluated::step)
                .orElse(-1L);
    }

    /** In one step for every reader: half a checkpoint is never seen under its name. */
    private void remove(Path path) throws IOException {
        Path hidden = directory.resolve(HIDDEN + "deleted-" + path.getFileName());
        DurableFiles.deleteTree(hidden);
        DurableFiles.move(path, hidden);
        DurableFiles.deleteTree(hidden);
    }

    /** Where a checkpoint is written before it has its name. */
    Path partial(long step) throws IOException {
        Path partial = directory.resolve(HIDDEN + "writing-" + name(step));
        DurableFiles.deleteTree(partial);
        Files.createDirectories(partial);
        return partial;
    }

    /** Gives a written checkpoint its name, in place of an older one of that step. */
    void publish(Path partial, long step) throws IOException {
        if (Files.exists(path(step))) {
            remove(path(step));
        }
        DurableFiles.syncDirectory(partial);
        DurableFiles.move(partial, path(step));
    }
}
