package org.windtunnel.launch.slurm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.config.ConfigException;
import org.windtunnel.launch.Commands;
import org.windtunnel.launch.Engine;
import org.windtunnel.launch.Submission;
import org.windtunnel.record.RunDirectory;

/** Slurm by its command-line programs, whose plain formats have stayed the same over its versions. */
public final class SlurmEngine implements Engine {
    /** Array job, task of the array, state, reason, comment; the comment last, since it may hold anything. */
    private static final String FORMAT = "%F|%K|%T|%r|%k";

    private static final int FIELDS = 5;
    private final Script script;

    /** Writes the batch script of a submission. */
    @FunctionalInterface
    public interface Script {
        String of(Submission submission);
    }

    /** @param script null for an engine that is only asked */
    public SlurmEngine(Script script) {
        this.script = script;
    }

    @Override
    public String name() {
        return "slurm";
    }

    @Override
    public String place() {
        return "";
    }

    @Override
    public String submit(Submission submission) {
        if (!Commands.exist("sbatch")) {
            throw new ConfigException("sweep.launcher: expected Slurm's command sbatch, found none on the PATH; run this where "
                    + "jobs are submitted, or choose launcher: local");
        }
        Path file = submission.directory().resolve("job.sh");
        try {
            Files.writeString(file, script.of(submission));
        } catch (IOException e) {
            throw RunDirectory.notWritable(file, e);
        }
        // With a federation the cluster's name follows, after a semicolon.
        String id = Commands.run(List.of("sbatch", "--parsable", file.toString())).strip().split(";")[0];
        return "array job " + id + " of Slurm";
    }

    @Override
    public Map<Submission, Job> jobs(List<Submission> submissions) {
        return submissions.isEmpty()
                ? Map.of()
                : parse(Commands.run(List.of("squeue", "-h", "-r", "--me", "-o", FORMAT)), submissions);
    }

    /** @param lines what squeue printed in our format, with {@code -r} a line for each task */
    static Map<Submission, Job> parse(String lines, List<Submission> submissions) {
        Map<String, Submission> byComment = new HashMap<>();
        submissions.forEach(submission -> byComment.put(SlurmScript.comment(submission), submission));
        Map<Submission, Job> jobs = new LinkedHashMap<>();
        for (String line : lines.split("\n")) {
            String[] fields = line.split("\\|", FIELDS);
            Submission submission = fields.length == FIELDS ? byComment.get(fields[FIELDS - 1].strip()) : null;
            if (submission != null && fields[1].matches("\\d+")) {
                boolean running = !fields[2].equals("PENDING");
                String reason = fields[3].equals("None") ? null : fields[3];
                jobs.computeIfAbsent(submission, s -> new Job(fields[0], new LinkedHashMap<>()))
                        .tasks()
                        .put(Integer.parseInt(fields[1]), new Task(running, reason));
            }
        }
        return jobs;
    }

    @Override
    public boolean cancel(Submission submission) {
        Job job = jobs(List.of(submission)).get(submission);
        if (job == null) {
            return true;
        }
        Commands.run(List.of("scancel", "--quiet", job.name(), "--state=PENDING"));
        // To the shell, which passes it on; the file CANCEL, which tells the same, may be seen late on another machine.
        Commands.run(List.of("scancel", "--quiet", job.name(), "--batch", "--signal=USR1", "--state=RUNNING"));
        return false;
    }
}
