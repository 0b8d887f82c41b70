package org.windtunnel.launch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.windtunnel.config.ConfigException;
import org.windtunnel.launch.WorkerMessage.Assign;
import org.windtunnel.record.DurableFiles;
import org.windtunnel.record.RunDirectory;

/**
 * Runs that were handed to an engine together: a directory {@code jobs/NNNN} of the sweep's. It holds all that a task
 * needs, so that neither the experiment file nor the sweep's plan is read again, and is never changed once written.
 */
public final class Submission {
    /** Directory of submissions in a sweep's directory. */
    public static final String JOBS = "jobs";

    private static final int FORMAT = 1;
    private static final String DESCRIPTION = "submission.json";
    private static final String GIVEN = "config.yaml";
    private static final String CLOSED = "CLOSED";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path directory;
    private final Description description;

    /**
     * What a submission says of itself.
     *
     * @param engine name of the engine
     * @param place where in the engine the job is, such as a namespace; empty where there is but one place
     * @param workers processes that a task runs at a time
     * @param pinCores whether they are bound to cores
     * @param tasks the runs of each task
     */
    record Description(int format, String engine, String place, int workers, boolean pinCores, List<List<String>> tasks) {}

    private Submission(Path directory, Description description) {
        this.directory = directory;
        this.description = description;
    }

    /** Writes a new one. @param sweep the sweep's directory */
    static Submission write(Path sweep, Engine engine, int workers, boolean pinCores, List<List<LocalJob>> slices) {
        Path jobs = sweep.resolve(JOBS);
        try {
            Files.createDirectories(jobs);
            Path directory = next(jobs);
            Files.writeString(directory.resolve(GIVEN), slices.get(0).get(0).assign().givenYaml());
            for (int task = 0; task < slices.size(); task++) {
                StringBuilder lines = new StringBuilder();
                for (LocalJob job : slices.get(task)) {
                    lines.append(line(job)).append('\n');
                }
                Files.writeString(tasks(directory, task), lines);
            }
            List<List<String>> ids = slices.stream().map(slice -> slice.stream().map(LocalJob::runId).toList()).toList();
            Description description = new Description(FORMAT, engine.name(), engine.place(), workers, pinCores, ids);
            DurableFiles.write(directory.resolve(DESCRIPTION), JSON.writeValueAsBytes(description));
            return new Submission(directory, description);
        } catch (IOException e) {
            throw RunDirectory.notWritable(jobs, e);
        }
    }

    private static Path next(Path jobs) throws IOException {
        List<Path> numbered = numbered(jobs);
        int number = numbered.isEmpty()
                ? 1
                : Integer.parseInt(numbered.get(numbered.size() - 1).getFileName().toString()) + 1;
        for (; ; number++) {
            try {
                return Files.createDirectory(jobs.resolve(String.format("%04d", number)));
            } catch (FileAlreadyExistsException e) {
                // Another process took the number.
            }
        }
    }

    private static List<Path> numbered(Path jobs) throws IOException {
        try (Stream<Path> entries = Files.list(jobs)) {
            return entries.filter(entry -> entry.getFileName().toString().matches("\\d{4,9}")).sorted().toList();
        }
    }

    /** The experiment file's text is the same in every run, so it is kept once. */
    private static String line(LocalJob job) throws JsonProcessingException {
        Assign a = job.assign();
        Assign slim = new Assign(a.sweep(), a.runId(), a.slug(), a.hash(), a.axes(), "", a.resolvedYaml(), a.branch());
        return JSON.writeValueAsString(new LocalJob(slim, job.cost(), job.memory(), job.pack()));
    }

    private static Path tasks(Path directory, int task) {
        return directory.resolve("task-" + task + ".jsonl");
    }

    /** @throws ConfigException if the directory holds none that this program understands */
    public static Submission read(Path directory) {
        Path file = directory.resolve(DESCRIPTION);
        try {
            Description description = JSON.readValue(file.toFile(), Description.class);
            if (description.format() != FORMAT) {
                throw new ConfigException(file + ": expected format " + FORMAT + ", found " + description.format()
                        + "; use the version of the program that wrote it");
            }
            return new Submission(directory, description);
        } catch (IOException e) {
            throw new ConfigException("expected a submission of a sweep (a directory " + JOBS + "/NNNN), found " + directory
                    + ": " + e.getMessage(), e);
        }
    }

    /** Those of a sweep that an engine may still have; one that was never finished writing was never handed over. */
    public static List<Submission> open(Path sweep) {
        Path jobs = sweep.resolve(JOBS);
        if (!Files.isDirectory(jobs)) {
            return List.of();
        }
        try {
            return numbered(jobs).stream()
                    .filter(directory -> Files.exists(directory.resolve(DESCRIPTION)))
                    .filter(directory -> !Files.exists(directory.resolve(CLOSED)))
                    .map(Submission::read)
                    .toList();
        } catch (IOException e) {
            throw new ConfigException("cannot list " + jobs + ": " + e.getMessage(), e);
        }
    }

    /** Notes that the engine has none of it any more. */
    void close() {
        try {
            Files.writeString(directory.resolve(CLOSED), "");
        } catch (IOException e) {
            throw RunDirectory.notWritable(directory, e);
        }
    }

    public Path directory() {
        return directory;
    }

    /** Directory of the sweep. */
    public Path sweep() {
        return directory.toAbsolutePath().normalize().getParent().getParent();
    }

    /** Number within the sweep, as its directory is called. */
    public String number() {
        return directory.getFileName().toString();
    }

    public String engine() {
        return description.engine();
    }

    public String place() {
        return description.place();
    }

    public int workers() {
        return description.workers();
    }

    public boolean pinCores() {
        return description.pinCores();
    }

    /** Ids of the runs of each task. */
    public List<List<String>> tasks() {
        return description.tasks();
    }

    /** The runs of a task. @throws ConfigException if there is no such task or its file is damaged */
    public List<LocalJob> jobs(int task) {
        if (task < 0 || task >= tasks().size()) {
            throw new ConfigException(directory + ": expected a task from 0 to " + (tasks().size() - 1) + ", found " + task);
        }
        try {
            String given = Files.readString(directory.resolve(GIVEN));
            List<LocalJob> jobs = new ArrayList<>();
            for (String line : Files.readAllLines(tasks(directory, task), StandardCharsets.UTF_8)) {
                LocalJob job = JSON.readValue(line, LocalJob.class);
                Assign a = job.assign();
                jobs.add(new LocalJob(new Assign(a.sweep(), a.runId(), a.slug(), a.hash(), a.axes(), given,
                        a.resolvedYaml(), a.branch()), job.cost(), job.memory(), job.pack()));
            }
            return jobs;
        } catch (IOException e) {
            throw new ConfigException(tasks(directory, task) + " cannot be read: " + e.getMessage(), e);
        }
    }
}
