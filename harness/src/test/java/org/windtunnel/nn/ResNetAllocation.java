package org.windtunnel.nn;

import java.io.IOException;
import org.windtunnel.AllocationProbe;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.tensor.Arena;

/** Measures what training passes of a small network allocate on the heap. */
final class ResNetAllocation {
    private static final int STEPS = 100;
    private static final int ROUNDS = 150;

    private ResNetAllocation() {}

    public static void main(String[] args) throws IOException {
        try (Backend backend = new CpuBackend(2);
                Arena arena = ResNetCase.arena(backend)) {
            ResNet model = ResNetCase.dropping(16).build(backend, 4, arena);
            double[] sums = new double[3];
            AllocationProbe.measure(() -> {
                for (int i = 0; i < STEPS; i++) {
                    model.draw(i);
                    model.forwardBackward(0.25, 0, false, sums);
                }
            }, ROUNDS);
        }
    }
}
