package org.windtunnel.backend.cuda.stack;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.windtunnel.backend.cuda.Device;
import org.windtunnel.backend.cuda.KernelSource;

/**
 * One device for the threads of several runs. Calls come one at a time, under this object's monitor; what is repeated
 * waits until all runs are there.
 */
final class DeviceStack {
    private static final Logger LOG = LoggerFactory.getLogger(DeviceStack.class);

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
    private final Set<String> told = new HashSet<>();
    private final ByteBuffer arguments = ByteBuffer.allocateDirect(Device.ARGUMENT_BYTES).order(ByteOrder.nativeOrder());
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

    /** Waits until all runs repeat something, and has it done. @throws RuntimeException if the device refused it */
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
        int here = 0;
        for (int run = 0; run < joined.length; run++) {
            if (joined[run] && waiting[run] == null) {
                return;
            }
            here += joined[run] ? 1 : 0;
        }
        if (here == 0) {
            return;
        }
        RuntimeException failure = null;
        try {
            repeat(here);
        } catch (RuntimeException e) {
            failure = e;
        }
        for (int run = 0; run < joined.length; run++) {
            failures[run] = failure;
            waiting[run] = null;
        }
        notifyAll();
    }

    private void repeat(int here) {
        if (here > 1) {
            Merged all = merged();
            if (all.stacked() != null) {
                all.stacked().replay(device, arguments);
                return;
            }
        }
        for (Recorded recorded : waiting) {
            if (recorded != null) {
                recorded.replay(device, arguments);
            }
        }
    }

    private Merged merged() {
        for (Merged known : merged) {
            if (known.isOf(waiting)) {
                return known;
            }
        }
        Merged made = new Merged(waiting, stride, this::kernel);
        merged.add(made);
        if (made.difference() == null) {
            LOG.info("{} calls of each run become {} for all", firstWaiting().calls().size(),
                    made.stacked().calls().size());
        } else if (told.add(made.difference())) {
            LOG.warn("the runs repeat different things and go on unstacked: {}", made.difference());
        }
        return made;
    }

    private Recorded firstWaiting() {
        for (Recorded recorded : waiting) {
            if (recorded != null) {
                return recorded;
            }
        }
        throw new IllegalStateException("nobody waits");
    }

    synchronized void forget(Recorded recorded) {
        recorded.forget(device);
        for (Iterator<Merged> all = merged.iterator(); all.hasNext(); ) {
            Merged one = all.next();
            if (one.holds(recorded)) {
                all.remove();
                if (one.stacked() != null) {
                    one.stacked().forget(device);
                }
            }
        }
    }

    synchronized void close() {
        device.free(base);
        device.close();
    }
}
