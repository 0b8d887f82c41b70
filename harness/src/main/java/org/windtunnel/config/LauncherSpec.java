package org.windtunnel.config;

import java.util.List;
import java.util.Map;

/**
 * Who does the runs of a sweep. Whoever it is, a run's directory tells how it stands, so that one launcher goes on where
 * another has stopped.
 */
@Selector(bare = true)
public sealed interface LauncherSpec permits LauncherSpec.Local, LauncherSpec.Slurm, LauncherSpec.Kubernetes {

    /** Worker processes of this machine. */
    @Variant(value = "local", doc = "Worker processes on this machine")
    record Local(
            @Key(value = "GPUs that the workers are spread over, several workers on one where there are more of them, named as "
                            + "in CUDA_VISIBLE_DEVICES; []: those of CUDA_VISIBLE_DEVICES where it is set", def = "[]")
                    List<String> devices,
            @Key(value = "Bind each worker to processor cores of its own, with taskset", def = "false") boolean pinCores)
            implements LauncherSpec {}

    /** An array job; the runs are dealt out to its tasks. */
    @Variant(value = "slurm", doc = "An array job of Slurm; its tasks share this file system")
    record Slurm(
            @Key(value = "Array tasks, at most; the runs are dealt out to them by their cost", def = "64")
                    @Range(min = 1, max = 100_000) int tasks,
            @Key(value = "Array tasks at a time; none: as many as Slurm gives", def = Key.NONE) @Range(min = 1) Integer parallel,
            @Key(value = "--partition", def = Key.NONE) String partition,
            @Key(value = "--account", def = Key.NONE) String account,
            @Key(value = "--qos", def = Key.NONE) String qos,
            @Key(value = "--time of a task; what is not done by then goes on in the same task, requeued", def = Key.NONE)
                    String time,
            @Key(value = "--cpus-per-task; none: workers x runtime.threads", def = Key.NONE) @Range(min = 1) Integer cpus,
            @Key(value = "--mem of a task, as in 16G", def = Key.NONE) String memory,
            @Key(value = "--gres of a task, as in gpu:1", def = Key.NONE) String gres,
            @Key(value = "Time before its limit at which a task saves its runs and ends", def = "120", unit = "s")
                    @Range(min = 1, max = 65_535) int signalSeconds,
            @Key(value = "Bind each worker to processor cores of its own, with taskset", def = "false") boolean pinCores,
            @Key(value = "Further options of sbatch, as in [--constraint=h100]", def = "[]") List<String> options,
            @Key(value = "Lines of shell before the program starts, as in [module load java/17]", def = "[]")
                    List<String> setup)
            implements LauncherSpec {}

    /** An Indexed Job; the runs are dealt out to its indexes. */
    @Variant(value = "kubernetes", doc = "An Indexed Job of Kubernetes; its pods mount the volume that holds the runs")
    record Kubernetes(
            @Key(value = "Indexes, at most; the runs are dealt out to them by their cost", def = "64")
                    @Range(min = 1, max = 100_000) int tasks,
            @Key(value = "Pods at a time; none: as many as there are indexes", def = Key.NONE) @Range(min = 1) Integer parallel,
            @Key(value = "Image, as docker/README.md builds it", def = "windtunnel:0.1.0") String image,
            @Key(value = "Namespace", def = "default") String namespace,
            @Key(value = "PersistentVolumeClaim that holds the directory of all runs; give this or host_path", def = Key.NONE)
                    String claim,
            @Key(value = "Directory of the nodes that holds all runs; give this or claim", def = Key.NONE) String hostPath,
            @Key(value = "Where pods see the directory of all runs", def = "/workspace/runs") String mount,
            @Key(value = "Processors that a pod asks for; none: workers x runtime.threads", def = Key.NONE) String cpus,
            @Key(value = "Memory of a pod, as in 16Gi", def = Key.NONE) String memory,
            @Key(value = "GPUs of a pod (nvidia.com/gpu)", def = "0") @Range(min = 0) int gpus,
            @Key(value = "Time that a pod has to save its runs when it is evicted", def = "120", unit = "s")
                    @Range(min = 1) int graceSeconds,
            @Key(value = "Pods of an index that may die for no reason of their own before it counts as failed", def = "3")
                    @Range(min = 0) int retries,
            @Key(value = "Have kubectl apply the manifest; false: write it and say the command", def = "false") boolean apply,
            @Key(value = "What else the pod's spec shall hold, in Kubernetes' own keys, as in {nodeSelector: {pool: h100}}; "
                            + "lists are joined", def = "{}")
                    Map<String, Object> pod)
            implements LauncherSpec {

        public Kubernetes {
            if ((claim == null) == (hostPath == null)) {
                throw new ConfigException("sweep.launcher: expected exactly one of claim and host_path, the volume that holds "
                        + "the runs, found " + (claim == null ? "neither" : "both"));
            }
        }
    }
}
