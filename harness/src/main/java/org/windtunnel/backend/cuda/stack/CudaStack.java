package org.windtunnel.backend.cuda.stack;

import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.BackendStack;
import org.windtunnel.backend.LateFigures;
import org.windtunnel.backend.OutOfMemory;
import org.windtunnel.backend.cuda.CudaBackend;
import org.windtunnel.backend.cuda.CudaBackend.Footprint;
import org.windtunnel.backend.cuda.Device;
import org.windtunnel.backend.cuda.Operands;

/** Backends of several runs of one shape on one GPU; {@link org.windtunnel.backend.cuda.stack} says how. */
public final class CudaStack implements BackendStack {
    /** Most runs of a stack. */
    public static final int MOST = Device.SENT_SLOTS / LateFigures.MOST;

    private static final Logger LOG = LoggerFactory.getLogger(CudaStack.class);
    private static final long ALIGNMENT = 256;
    /** The part of the free memory that is left alone: graphs and the libraries take some. */
    private static final int LEFT_FREE = 32;

    private final DeviceStack stack;
    private final Operands operands;
    private final Footprint footprint;

    private CudaStack(DeviceStack stack, Operands operands, Footprint footprint) {
        this.stack = stack;
        this.operands = operands;
        this.footprint = footprint;
    }

    /**
     * Takes memory for as many runs as there is room for.
     *
     * @param device becomes the stack's, which closes it; closed if there is no stack
     * @param runs how many are wanted, at most {@link #MOST} of which are given
     * @param rehearsal takes from a backend, on which everything is 0, what a run takes
     * @throws OutOfMemory if there is no room for one
     */
    public static CudaStack open(Device device, Operands operands, int runs, Consumer<Backend> rehearsal) {
        try {
            Footprint footprint = footprint(device, operands, rehearsal);
            long free = device.freeBytes();
            long fit = (free - free / LEFT_FREE) / footprint.bytes();
            if (fit == 0) {
                throw new OutOfMemory("a run needs " + (footprint.bytes() >> 20) + " MiB of the GPU, found "
                        + (free >> 20) + " MiB free", null);
            }
            int size = (int) Math.min(Math.min(runs, MOST), fit);
            LOG.info("{} of {} runs at once, {} MiB each", size, runs, footprint.bytes() + (1 << 20) - 1 >> 20);
            return new CudaStack(new DeviceStack(device, size, footprint.bytes()), operands, footprint);
        } catch (RuntimeException e) {
            device.close();
            throw e;
        }
    }

    private static Footprint footprint(Device device, Operands operands, Consumer<Backend> rehearsal) {
        Footprint all = new Footprint(Rehearsal.BYTES, 1);
        try (CudaBackend backend = new CudaBackend(new Rehearsal(device.info()), operands, true, all)) {
            rehearsal.accept(backend);
            Footprint taken = backend.footprint();
            return new Footprint((taken.bytes() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, taken.workspace());
        }
    }

    @Override
    public int size() {
        return stack.size();
    }

    @Override
    public Backend open(int run) {
        return new CudaBackend(stack.join(run), operands, true, footprint);
    }

    @Override
    public void leave(int run) {
        stack.leave(run);
    }

    @Override
    public void close() {
        stack.close();
    }
}
