package org.windtunnel.launch.slurm;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.LauncherSpec.Slurm;
import org.windtunnel.launch.Commands;
import org.windtunnel.launch.Submission;

/**
 * The batch script of a submission. {@code sbatch} it by hand and the same happens as when the launcher does.
 *
 * <p>Slurm signals the shell alone ({@code B:}) some time before the limit; the shell passes it on to the program, which
 * saves its runs and exits with 75, and then has its own task queued again. SIGTERM, by which Slurm preempts and cancels,
 * goes to every process of a task, so the shell keeps it to itself: a second signal would end the program at once.
 */
public final class SlurmScript {
    private static final String BODY = """

            # An earlier `sweep cancel` stands until the next submission.
            cancel=%s
            program=
            again=
            trap 'again=1; [ -z "$program" ] || kill -USR1 "$program" 2>/dev/null' USR1
            trap 'again=1' TERM
            %s%s &
            program=$!
            # A trapped signal ends `wait` early; 127 says that the end has been told already.
            code=127
            while :; do
                again=
                wait "$program"
                ended=$?
                [ "$ended" -eq 127 ] || code=$ended
                [ -n "$again" ] || break
            done
            if [ "$code" -eq 75 ] && [ ! -e "$cancel" ]; then
                scontrol requeue "$SLURM_JOB_ID"
            fi
            exit "$code"
            """;

    private SlurmScript() {}

    /**
     * @param cpus processors of a task
     * @param program starts this program with the arguments that follow
     * @param cancel the file that tells tasks to end for good
     */
    public static String of(Slurm spec, int cpus, Submission submission, List<String> program, String cancel) {
        StringBuilder script = new StringBuilder("#!/bin/bash\n");
        options(spec, cpus, submission).forEach(option -> script.append("#SBATCH ").append(option).append('\n'));
        List<String> command = new ArrayList<>(program);
        command.addAll(List.of("task", submission.directory().toAbsolutePath().normalize().toString()));
        StringBuilder setup = new StringBuilder();
        spec.setup().forEach(line -> setup.append(line).append('\n'));
        return script + String.format(BODY, Commands.quote(List.of(cancel)), setup, Commands.quote(command));
    }

    /** What a job's comment says of its submission, by which it is found again. */
    static String comment(Submission submission) {
        return "windtunnel:" + submission.directory().toAbsolutePath().normalize();
    }

    private static List<String> options(Slurm spec, int cpus, Submission submission) {
        String parallel = spec.parallel() == null ? "" : "%" + spec.parallel();
        String directory = submission.directory().toAbsolutePath().normalize().toString();
        Map<String, Object> options = new LinkedHashMap<>();
        options.put("job-name", "windtunnel-" + submission.sweep().getFileName());
        options.put("comment", comment(submission));
        options.put("array", "0-" + (submission.tasks().size() - 1) + parallel);
        options.put("signal", "B:USR1@" + spec.signalSeconds());
        options.put("open-mode", "append");
        // %% is Slurm's escape of its own patterns.
        options.put("output", directory.replace("%", "%%") + "/task-%a.log");
        options.put("ntasks", 1);
        options.put("cpus-per-task", cpus);
        options.put("partition", spec.partition());
        options.put("account", spec.account());
        options.put("qos", spec.qos());
        options.put("time", spec.time());
        options.put("mem", spec.memory());
        options.put("gres", spec.gres());
        List<String> lines = new ArrayList<>(List.of("--requeue"));
        options.forEach((key, value) -> {
            if (value != null) {
                lines.add("--" + key + "=" + word(key, value.toString()));
            }
        });
        spec.options().forEach(option -> lines.add(furtherOption(option)));
        return lines;
    }

    private static String word(String key, String value) {
        if (value.isEmpty() || value.chars().anyMatch(c -> c < ' ' || c == '"' || c == '\\')) {
            throw new ConfigException("sweep.launcher: expected --" + key + " without quotes, backslashes and line ends, found "
                    + value);
        }
        return value.contains(" ") || value.contains("#") ? '"' + value + '"' : value;
    }

    private static String furtherOption(String option) {
        if (!option.startsWith("-") || option.chars().anyMatch(c -> c < ' ')) {
            throw new ConfigException("sweep.launcher.options: expected options of sbatch such as --constraint=h100, found "
                    + option);
        }
        return option;
    }
}
