package org.windtunnel.nn;

import java.lang.management.ManagementFactory;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.tensor.Arena;

/** Exits with 0 as soon as a round of training passes of a small network allocates next to nothing on the heap. */
final class ResNetAllocation {
    private static final int STEPS = 100;
    private static final int ROUNDS = 150;
    /** The lists that the measurement makes are about 1100 bytes; one object a step would be 1600 more. */
    private static final long LIMIT = 2_400;

    private ResNetAllocation() {}

    public static void main(String[] args) {
        try (Backend backend = new CpuBackend(2);
                Arena arena = ResNetCase.arena(backend)) {
            ResNet model = ResNetCase.dropping(16).build(backend, 4, arena);
            long bytes = Long.MAX_VALUE;
            for (int round = 0; round < ROUNDS && bytes >= LIMIT; round++) {
                bytes = round(model);
                System.out.println(bytes + " bytes in " + STEPS + " steps");
            }
            System.exit(bytes < LIMIT ? 0 : 1);
        }
    }

    private static long round(ResNet model) {
        double[] sums = new double[3];
        long before = allocated();
        for (int i = 0; i < STEPS; i++) {
            model.forwardBackward(0.25, 0, false, sums);
        }
        return allocated() - before;
    }

    private static long allocated() {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long sum = 0;
        for (long bytes : threads.getThreadAllocatedBytes(threads.getAllThreadIds())) {
            sum += Math.max(0, bytes);
        }
        return sum;
    }
}
