package org.windtunnel.backend.cuda.stack;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.windtunnel.backend.cuda.Device;
import org.windtunnel.backend.cuda.KernelSource;

/**
 * One device for the threads of several runs. Calls come one at a time, under this object's monitor; what is repeated
 * waits until all runs are there.
 */
final class DeviceStack {
    private final Device device;
    private final long base;
    private final long stride;
    private final RunDevice[] runs;
    private final boolean[] joined;
    /** What a run that waits is about to repeat. */
    private final Recorded[] waiting;
    private final RuntimeException[] failures;
    private final List<Merged> merged = new ArrayList<>();
    private final Map<String, Long> kernels = new HashMap<>();
    private final Map<Long, String> names = new HashMap<>();
    private final Turns turns;
    private final ByteBuffer arguments =
            ByteBuffer.allocateDirect(Device.ARGUMENT_BYTES).order(ByteOrder.nativeOrder());
    /** Names of sources. */
    private final Set<String> loaded = new HashSet<>();

    /**
     * Takes the memory of all runs; every run is waited for from now on.
     *
     * @param device closed by {@link #close}
     * @param stride bytes of a run, a multiple of 256
     * @throws org.windtunnel.backend.OutOfMemory if the device does not have them
     */
    DeviceStack(Device device, int size, long stride) {
        this.device = device;
        this.stride = stride;
        this.base = device.allocate(size * stride);
        this.runs = new RunDevice[size];
        this.joined = new boolean[size];
        this.waiting = new Recorded[size];
        this.failures = new RuntimeException[size];
        this.turns = new Turns(stride);
        for (int run = 0; run < size; run++) {
            runs[run] = new RunDevice(this, run, base + run * stride, stride);
            joined[run] = true;
        }
    }

    int size() {
        return runs.length;
    }

    /** A run's share; the run takes part again if it had left. */
    synchronized Device join(int run) {
        joined[run] = true;
        return runs[run];
    }

    Device device() {
        return device;
    }

    ByteBuffer arguments() {
        return arguments;
    }

    synchronized void load(List<KernelSource> sources) {
        device.load(sources.stream().filter(source -> loaded.add(source.name())).toList());
    }

    /** The same handle for all runs. */
    synchronized long kernel(String name) {
        Long known = kernels.get(name);
        if (known == null) {
            known = device.kernel(name);
            kernels.put(name, known);
            names.put(known, name);
        }
        return known;
    }

    synchronized String name(long kernel) {
        return names.get(kernel);
    }

    /**
     * Waits until all runs repeat something, and this one's turn has come.
     *
     * @throws RuntimeException if the device refused it
     */
    synchronized void meet(int run, Recorded recorded) {
        waiting[run] = recorded;
        goOn();
        while (waiting[run] != null) {
            try {
                wait();
            } catch (InterruptedException e) {
                waiting[run] = null;
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while waiting for the runs beside this one", e);
            }
        }
        RuntimeException failure = failures[run];
        failures[run] = null;
        if (failure != null) {
            throw failure;
        }
    }

    synchronized void leave(int run) {
        joined[run] = false;
        goOn();
    }

    private void goOn() {
        for (int run = 0; run < joined.length; run++) {
            if (joined[run] && waiting[run] == null) {
                return;
            }
        }
        boolean[] go = turns.next(waiting);
        RuntimeException failure = null;
        try {
            repeat(go);
        } catch (RuntimeException e) {
            failure = e;
        }
        for (int run = 0; run < go.length; run++) {
            if (go[run]) {
                failures[run] = failure;
                waiting[run] = null;
            }
        }
        notifyAll();
    }

    /** Stacks neighbours that do the same; the memory of runs in between that have left is computed along. */
    private void repeat(boolean[] go) {
        Recorded[] stretch = new Recorded[go.length];
        Recorded first = null;
        int count = 0;
        for (int run = 0; run < go.length; run++) {
            if (waiting[run] == null) {
                continue;
            }
            if (first != null && !(go[run] && turns.same(first, waiting[run]))) {
                repeat(first, count, stretch);
                first = null;
            }
            if (go[run]) {
                if (first == null) {
                    first = waiting[run];
                    count = 0;
                    Arrays.fill(stretch, null);
                }
                stretch[run] = waiting[run];
                count++;
            }
        }
        if (first != null) {
            repeat(first, count, stretch);
        }
    }

    private void repeat(Recorded first, int count, Recorded[] stretch) {
        (count == 1 ? first : merged(stretch).stacked()).replay(device, arguments);
    }

    private Merged merged(Recorded[] stretch) {
        for (Merged known : merged) {
            if (known.isOf(stretch)) {
                return known;
            }
        }
        Merged made = new Merged(stretch, stride, this::kernel);
        merged.add(made);
        return made;
    }

    synchronized void forget(Recorded recorded) {
        recorded.forget(device);
        turns.forget(recorded);
        for (Iterator<Merged> all = merged.iterator(); all.hasNext(); ) {
            Merged one = all.next();
            if (one.holds(recorded)) {
                all.remove();
                one.stacked().forget(device);
            }
        }
    }

    synchronized void close() {
        device.free(base);
        device.close();
    }
}
