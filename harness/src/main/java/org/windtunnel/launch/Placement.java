package org.windtunnel.launch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.windtunnel.config.ConfigException;

/**
 * Which devices and processor cores each of a machine's workers gets.
 *
 * @param devices GPUs as CUDA names them, dealt out in turn; empty to leave the choice to each worker
 * @param cores dealt out in equal contiguous shares; empty to let workers run on any
 */
public record Placement(List<String> devices, List<Integer> cores) {
    private static final String VISIBLE = "CUDA_VISIBLE_DEVICES";

    /** Workers run where the system puts them. */
    public static final Placement ANYWHERE = new Placement(List.of(), List.of());

    /**
     * @param devices as the config names them; empty for those that this process may see
     * @param pinCores whether workers are bound to cores
     * @throws ConfigException if binding is not possible here
     */
    public static Placement of(List<String> devices, boolean pinCores) {
        String visible = System.getenv(VISIBLE);
        List<String> given = !devices.isEmpty() || visible == null || visible.isBlank()
                ? devices
                : List.of(visible.split(","));
        return new Placement(List.copyOf(given), pinCores ? allowedCores() : List.of());
    }

    private static List<Integer> allowedCores() {
        if (!Commands.exist("taskset")) {
            throw new ConfigException("sweep.launcher.pin_cores: expected the command taskset (package util-linux), found "
                    + "none on the PATH; install it, or set pin_cores: false");
        }
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith("Cpus_allowed_list:"))
                    .findFirst()
                    .map(line -> parseCores(line.substring(line.indexOf(':') + 1).strip()))
                    .orElseThrow(() -> new IOException("no line Cpus_allowed_list"));
        } catch (IOException e) {
            throw new ConfigException("sweep.launcher.pin_cores: /proc/self/status does not tell which cores may be used ("
                    + e.getMessage() + "); set pin_cores: false", e);
        }
    }

    /** Numbers of a list as Linux writes it, such as {@code 0-3,8}. */
    static List<Integer> parseCores(String list) {
        List<Integer> cores = new ArrayList<>();
        for (String range : list.split(",")) {
            String[] ends = range.split("-");
            IntStream.rangeClosed(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1])).forEach(cores::add);
        }
        return cores;
    }

    /** Variables of a worker's environment. */
    Map<String, String> environment(int worker) {
        return devices.isEmpty() ? Map.of() : Map.of(VISIBLE, devices.get(worker % devices.size()));
    }

    /** Words in front of a worker's command. */
    List<String> prefix(int worker, int workers) {
        if (cores.isEmpty()) {
            return List.of();
        }
        List<Integer> own = workers > cores.size()
                ? List.of(cores.get(worker % cores.size()))
                : cores.subList(worker * cores.size() / workers, (worker + 1) * cores.size() / workers);
        return List.of("taskset", "-c", own.stream().map(String::valueOf).collect(Collectors.joining(",")));
    }
}
