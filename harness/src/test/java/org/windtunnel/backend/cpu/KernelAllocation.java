package org.windtunnel.backend.cpu;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/** Exits with 0 if a call of every kernel comes to allocate nothing; with 1, naming those that go on allocating. */
final class KernelAllocation {
    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    /** Compilation takes milliseconds on a quiet machine and many seconds on a crowded one. */
    private static final long PATIENCE_NANOS = 30_000_000_000L;

    private KernelAllocation() {}

    public static void main(String[] args) {
        List<String> leaks = new ArrayList<>();
        try (CpuBackend backend = new CpuBackend(2);
                KernelRuns runs = new KernelRuns(backend)) {
            runs.all().forEach((name, run) -> {
                long least = Long.MAX_VALUE;
                // Until C2 has compiled a kernel, the Vector API allocates its vectors: only the steady state counts.
                long end = System.nanoTime() + PATIENCE_NANOS;
                while (least > 0 && System.nanoTime() < end) {
                    long before = THREADS.getCurrentThreadAllocatedBytes();
                    run.call().run();
                    least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
                }
                if (least > 0) {
                    leaks.add(name + " allocates " + least + " bytes a call");
                }
            });
        }
        leaks.forEach(System.out::println);
        System.exit(leaks.isEmpty() ? 0 : 1);
    }
}
