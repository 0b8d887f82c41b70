package org.windtunnel.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.OutOfMemory;

/**
 * Bytes a run takes outside the Java heap, by use. Computed with a counting allocator through the code that allocates.
 *
 * @param weights parameters
 * @param gradients as many
 * @param optimizer state of the optimizer
 * @param activations everything else that model and optimizer preallocate, for one micro-batch
 * @param checkpoint the host's copy of weights and optimizer while they are written
 * @param diagnostics copies of the weights and scratch, where diagnostics are asked for
 */
public record MemoryLedger(
        long weights, long gradients, long optimizer, long activations, long checkpoint, long diagnostics) {

    public long total() {
        return weights + gradients + optimizer + activations + checkpoint + diagnostics;
    }

    /**
     * Compares the ledger with the memory that the backend's device, or this machine, has free.
     *
     * @throws OutOfMemory if it does not fit, with what would help
     */
    public void requireAvailable(Backend backend) {
        if (backend.holdsARun()) {
            return;
        }
        OptionalLong device = backend.freeDeviceBytes();
        if (device.isEmpty()) {
            requireWithin(available());
        } else {
            new MemoryLedger(weights, gradients, optimizer, activations, 0, diagnostics).requireWithin(device);
        }
    }

    /** Bytes that the backend is asked for: all but the host's copy for checkpoints. */
    public long onBackend() {
        return total() - checkpoint;
    }

    /**
     * The same for several runs at once.
     *
     * @param bytes they take together
     * @param what needs them, for the message
     */
    public static void requireAvailable(long bytes, String what) {
        OptionalLong available = available();
        if (available.isPresent() && bytes > available.getAsLong()) {
            throw new OutOfMemory(
                    what + " need " + bytes(bytes) + ", found " + bytes(available.getAsLong())
                            + " free; lower sweep.workers (--workers), sweep.pack, train.micro_batch or the model's size",
                    null);
        }
    }

    /** @param available free bytes, empty if unknown */
    void requireWithin(OptionalLong available) {
        if (available.isPresent() && total() > available.getAsLong()) {
            throw new OutOfMemory(
                    String.format(
                            "this run needs %s (weights %s, gradients %s, optimizer %s, activations %s, checkpoint %s), found %s free; "
                                    + "lower train.micro_batch (activations), model.width or model.depth, or run fewer workers",
                            bytes(total()),
                            bytes(weights),
                            bytes(gradients),
                            bytes(optimizer),
                            bytes(activations),
                            bytes(checkpoint),
                            bytes(available.getAsLong())),
                    null);
        }
    }

    /** Bytes that can be taken without swapping: /proc/meminfo and the cgroup's limit; empty where neither is known. */
    static OptionalLong available() {
        OptionalLong system = memAvailable(Path.of("/proc/meminfo"));
        OptionalLong limit = number(Path.of("/sys/fs/cgroup/memory.max"));
        OptionalLong used = number(Path.of("/sys/fs/cgroup/memory.current"));
        if (limit.isPresent() && used.isPresent()) {
            long rest = limit.getAsLong() - used.getAsLong();
            return OptionalLong.of(system.isPresent() ? Math.min(rest, system.getAsLong()) : rest);
        }
        return system;
    }

    private static OptionalLong memAvailable(Path meminfo) {
        try {
            return Files.readAllLines(meminfo).stream()
                    .filter(l -> l.startsWith("MemAvailable:"))
                    .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")) * 1024)
                    .findFirst();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    private static OptionalLong number(Path file) {
        try {
            String text = Files.readString(file).strip();
            return text.matches("\\d{1,18}") ? OptionalLong.of(Long.parseLong(text)) : OptionalLong.empty();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    /** A byte count for people, in binary units. */
    public static String bytes(long n) {
        String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
        double v = n;
        int unit = 0;
        while (v >= 1024 && unit < units.length - 1) {
            v /= 1024;
            unit++;
        }
        return unit == 0 ? n + " B" : String.format("%.1f %s", v, units[unit]);
    }
}
