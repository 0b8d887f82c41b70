package org.windtunnel.analysis.curve;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.windtunnel.analysis.AnalysisException;

/**
 * The runs of a sweep, read from their directories and ordered by name. Runs that are still going, failed or diverged
 * are kept with their status.
 */
public final class RunTable {
    private final Path directory;
    private final List<Run> runs;
    private final List<String> problems;

    private RunTable(Path directory, List<Run> runs, List<String> problems) {
        this.directory = directory;
        this.runs = List.copyOf(runs);
        this.problems = List.copyOf(problems);
    }

    /**
     * Reads every run directory under a sweep directory, or the one run if the directory is itself a run.
     *
     * <p>Directories without a manifest are passed over; a manifest or line that cannot be read is listed in
     * {@link #problems()}; a torn last line is ignored. Logs are read line by line, and of a curve of very many lines
     * {@link CurveBuilder} keeps means over stretches: memory is bounded by the number of runs.
     *
     * @throws AnalysisException if the directory does not exist or a run has a newer format than this program knows
     */
    public static RunTable read(Path sweepDir) {
        if (!Files.isDirectory(sweepDir)) {
            throw new AnalysisException(
                    "No runs at " + sweepDir + ": expected a sweep directory such as runs/quickstart, found "
                            + (Files.exists(sweepDir) ? "a file" : "nothing")
                            + ". Run `windtunnel sweep CONFIG` first or check the path.");
        }
        List<OneRun> all = candidates(sweepDir).parallelStream()
                .filter(c -> Files.isRegularFile(c.resolve(RunReader.MANIFEST)))
                .map(OneRun::read)
                .toList();
        return new RunTable(
                sweepDir,
                all.stream().flatMap(r -> r.run.stream()).toList(),
                all.stream().flatMap(r -> r.problems.stream()).toList());
    }

    /** A run, if it could be read, and what could not. */
    private record OneRun(Optional<Run> run, List<String> problems) {
        static OneRun read(Path directory) {
            List<String> problems = new ArrayList<>();
            return new OneRun(RunReader.read(directory, problems), problems);
        }
    }

    /** Reads several sweep directories as one table, in their order. */
    public static RunTable read(List<Path> sweepDirs) {
        List<Run> runs = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        for (Path directory : sweepDirs) {
            RunTable table = read(directory);
            runs.addAll(table.runs);
            problems.addAll(table.problems);
        }
        return new RunTable(sweepDirs.get(0), runs, problems);
    }

    private static List<Path> candidates(Path sweepDir) {
        if (Files.isRegularFile(sweepDir.resolve(RunReader.MANIFEST))) {
            return List.of(sweepDir);
        }
        try (Stream<Path> children = Files.list(sweepDir)) {
            return children.filter(Files::isDirectory)
                    .sorted(Comparator.comparing(p -> p.getFileName().toString()))
                    .toList();
        } catch (IOException e) {
            throw new AnalysisException(
                    "Cannot list " + sweepDir + ": " + e.getMessage() + ". Check its permissions.", e);
        }
    }

    /** Runs given as such, for data that does not come from run directories. */
    public static RunTable of(Path directory, List<Run> runs) {
        return new RunTable(directory, runs, List.of());
    }

    /** Where the runs were read. */
    public Path directory() {
        return directory;
    }

    /** Name of the sweep: the runs' own, or the directory's when they have none or differ. */
    public String sweep() {
        List<String> names = runs.stream()
                .map(Run::sweep)
                .filter(s -> !s.isEmpty())
                .distinct()
                .toList();
        Path last = directory.toAbsolutePath().normalize().getFileName();
        return names.size() == 1 ? names.get(0) : last == null ? "" : last.toString();
    }

    /** The runs by directory name. */
    public List<Run> runs() {
        return runs;
    }

    /** What could not be read, one sentence each. */
    public List<String> problems() {
        return problems;
    }

    /** The runs that pass a test. */
    public RunTable filter(Predicate<Run> test) {
        return new RunTable(directory, runs.stream().filter(test).collect(Collectors.toList()), problems);
    }
}
