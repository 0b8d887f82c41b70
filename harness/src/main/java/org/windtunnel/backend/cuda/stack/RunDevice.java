package org.windtunnel.backend.cuda.stack;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.windtunnel.backend.LateFigures;
import org.windtunnel.backend.cuda.Device;
import org.windtunnel.backend.cuda.DeviceException;
import org.windtunnel.backend.cuda.DeviceInfo;
import org.windtunnel.backend.cuda.KernelSource;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.tensor.DType;

/** A run's share of a device; used by the run's thread. */
final class RunDevice implements Device {
    private final DeviceStack stack;
    private final int run;
    private final long region;
    private final long regionBytes;
    /** By handle; null where one was given back. */
    private final List<Recorded> recordings = new ArrayList<>();
    private ByteBuffer host = ByteBuffer.allocate(0);
    private boolean regionTaken;
    private List<Call> calls;
    private boolean invalid;

    RunDevice(DeviceStack stack, int run, long region, long regionBytes) {
        this.stack = stack;
        this.run = run;
        this.region = region;
        this.regionBytes = regionBytes;
    }

    @Override
    public DeviceInfo info() {
        return stack.device().info();
    }

    /** What this run has for itself, as long as it has taken nothing. */
    @Override
    public long freeBytes() {
        return regionBytes;
    }

    /** The region, for an allocation of its size; whatever else is taken lies where no other run has the like. */
    @Override
    public long allocate(long bytes) {
        refuseInRecording("taking memory");
        if (!regionTaken && bytes == regionBytes) {
            regionTaken = true;
            return region;
        }
        synchronized (stack) {
            return stack.device().allocate(bytes);
        }
    }

    @Override
    public void free(long address) {
        refuseInRecording("giving memory back");
        if (address == region) {
            regionTaken = false;
            return;
        }
        synchronized (stack) {
            stack.device().free(address);
        }
    }

    @Override
    public int transferBytes() {
        return stack.device().transferBytes();
    }

    /** The run's own, since another run may stage something before this is uploaded. */
    @Override
    public ByteBuffer staging(int bytes) {
        refuseInRecording("a copy to the card");
        if (bytes > host.capacity()) {
            host = ByteBuffer.allocateDirect(bytes);
        }
        return host.slice(0, bytes).order(ByteOrder.nativeOrder());
    }

    @Override
    public void upload(ByteBuffer staged, long to) {
        refuseInRecording("a copy to the card");
        synchronized (stack) {
            ByteBuffer shared = stack.device().staging(staged.capacity());
            shared.duplicate().put(staged.duplicate().clear());
            stack.device().upload(shared, to);
        }
    }

    @Override
    public ByteBuffer download(long from, int bytes) {
        refuseInRecording("a copy from the card");
        ByteBuffer own = staging(bytes);
        synchronized (stack) {
            own.duplicate().put(stack.device().download(from, bytes).duplicate().clear());
        }
        return own;
    }

    private int slot(int ofRun) {
        return run * LateFigures.MOST + ofRun;
    }

    @Override
    public void send(long from, int bytes, int slot) {
        refuseInRecording("a copy from the card");
        synchronized (stack) {
            stack.device().send(from, bytes, slot(slot));
        }
    }

    /** Without the monitor, so that other runs may queue work while this one waits. */
    @Override
    public ByteBuffer receive(int slot) {
        return stack.device().receive(slot(slot));
    }

    @Override
    public void beginRecording() {
        refuseInRecording("another recording");
        calls = new ArrayList<>();
        invalid = false;
    }

    @Override
    public long endRecording() {
        List<Call> whole = calls;
        calls = null;
        if (invalid) {
            throw new DeviceException("the recording is not whole");
        }
        recordings.add(new Recorded(run, whole));
        return recordings.size() - 1;
    }

    /** Waits for the other runs. */
    @Override
    public void replay(long recording) {
        refuseInRecording("a replay");
        stack.meet(run, recordings.get((int) recording));
    }

    @Override
    public void forget(long recording) {
        stack.forget(recordings.set((int) recording, null));
    }

    @Override
    public void copy(long from, long to, long bytes) {
        if (bytes > 0) {
            queue(new Call.Copy(from, to, bytes));
        }
    }

    @Override
    public void clear(long at, long bytes) {
        if (bytes > 0) {
            queue(new Call.Clear(at, bytes));
        }
    }

    private void queue(Call call) {
        if (calls != null) {
            calls.add(call);
            return;
        }
        synchronized (stack) {
            call.make(stack.device(), stack.arguments());
        }
    }

    @Override
    public void load(List<KernelSource> sources) {
        stack.load(sources);
    }

    @Override
    public long kernel(String name) {
        return stack.kernel(name);
    }

    @Override
    public void launch(
            long kernel,
            int gridX,
            int gridY,
            int gridZ,
            int threads,
            int sharedBytes,
            ByteBuffer arguments,
            int argumentBytes,
            long addresses) {
        if (calls == null) {
            synchronized (stack) {
                stack.arguments().put(0, arguments, 0, argumentBytes);
                stack.device().launch(kernel, gridX, gridY, gridZ, threads, sharedBytes, stack.arguments(),
                        argumentBytes, addresses);
            }
            return;
        }
        byte[] kept = new byte[argumentBytes];
        arguments.get(0, kept);
        calls.add(new Call.Launch(
                kernel, stack.name(kernel), gridX, gridY, gridZ, threads, sharedBytes, kept, addresses));
    }

    @Override
    public void gemm(
            Operands operands,
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            float alpha,
            long a,
            int lda,
            long strideA,
            long b,
            int ldb,
            long strideB,
            float beta,
            long c,
            DType typeC,
            int ldc,
            long strideC,
            int batch) {
        queue(new Call.Product(operands, transA, transB, m, n, k, alpha, a, lda, strideA, b, ldb, strideB, beta, c,
                typeC, ldc, strideC, batch));
    }

    @Override
    public void synchronize() {
        refuseInRecording("waiting");
        synchronized (stack) {
            stack.device().synchronize();
        }
    }

    /** What cannot be repeated makes the recording invalid. */
    private void refuseInRecording(String what) {
        if (calls != null) {
            invalid = true;
            throw new DeviceException(what + " cannot be recorded");
        }
    }

    /** The run leaves the others; the device stays. */
    @Override
    public void close() {
        stack.leave(run);
    }
}
