package org.windtunnel.launch.registry;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.LauncherSpec;
import org.windtunnel.config.LauncherSpec.Kubernetes;
import org.windtunnel.config.LauncherSpec.Slurm;
import org.windtunnel.launch.BatchLauncher;
import org.windtunnel.launch.BatchLauncher.Packing;
import org.windtunnel.launch.Engine;
import org.windtunnel.launch.Launcher;
import org.windtunnel.launch.Launcher.Held;
import org.windtunnel.launch.Submission;
import org.windtunnel.launch.kubernetes.JobManifest;
import org.windtunnel.launch.kubernetes.KubernetesEngine;
import org.windtunnel.launch.slurm.SlurmEngine;
import org.windtunnel.launch.slurm.SlurmScript;

/** The launcher that a config names, and those that have runs of a sweep whatever its config says by now. */
public final class Launchers {
    private Launchers() {}

    /**
     * The cluster of a config.
     *
     * @param sweep the sweep's directory
     * @param workers processes that a task runs at a time
     * @param threads of each
     * @param program starts this program with the arguments that follow, on the cluster as here
     * @param cancel the file that tells tasks to end for good
     */
    public static Launcher batch(
            LauncherSpec spec, Path sweep, int workers, int threads, List<String> program, Path cancel) {
        if (spec instanceof Slurm slurm) {
            int cpus = slurm.cpus() == null ? workers * threads : slurm.cpus();
            String stop = cancel.toAbsolutePath().normalize().toString();
            Engine engine = new SlurmEngine(submission -> SlurmScript.of(slurm, cpus, submission, program, stop));
            return new BatchLauncher(engine, sweep, new Packing(slurm.tasks(), workers, slurm.pinCores()));
        }
        if (spec instanceof Kubernetes kubernetes) {
            Engine engine = new KubernetesEngine(kubernetes.namespace(), kubernetes.apply(),
                    submission -> JobManifest.of(kubernetes, workers * threads, submission));
            return new BatchLauncher(engine, sweep, new Packing(kubernetes.tasks(), workers, false));
        }
        throw new IllegalArgumentException("not a cluster: " + spec);
    }

    /** The runs of a sweep that any engine has, by run id. */
    public static Map<String, Held> held(Path sweep) {
        Map<String, Held> held = new LinkedHashMap<>();
        launchers(sweep).forEach(launcher -> held.putAll(launcher.held()));
        return held;
    }

    /** Has every engine drop what it has of a sweep. */
    public static void cancel(Path sweep) {
        launchers(sweep).forEach(Launcher::cancel);
    }

    private static List<Launcher> launchers(Path sweep) {
        return Submission.open(sweep).stream()
                .map(submission -> List.of(submission.engine(), submission.place()))
                .distinct()
                .map(at -> (Launcher) new BatchLauncher(engine(at.get(0), at.get(1)), sweep, new Packing(1, 1, false)))
                .toList();
    }

    private static Engine engine(String name, String place) {
        return switch (name) {
            case "slurm" -> new SlurmEngine(null);
            case "kubernetes" -> new KubernetesEngine(place, false, null);
            default -> throw new ConfigException("a submission of this sweep is to " + name + ", which this program does not "
                    + "know; use the version that made it");
        };
    }
}
