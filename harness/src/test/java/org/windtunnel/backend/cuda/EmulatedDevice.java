package org.windtunnel.backend.cuda;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.windtunnel.backend.OutOfMemory;
import org.windtunnel.tensor.DType;

/** A device whose memory is the host's and whose kernels run on the processor, one block after the other. */
public final class EmulatedDevice implements Device {
    /** Small enough that ordinary tensors take several transfers. */
    private static final int TRANSFER = 4096;
    private static final int A100_SHARED = 163 << 10;
    private static final String[] ERRORS = {
        "", "the arguments are not as long as the kernel's parameters",
        "some threads wait at a barrier or shuffle that others never reach", "a shuffle from a lane that is not there",
        "a grid or block of impossible size", "a row of a matrix for the tensor cores that does not begin at 16 bytes"
    };

    private final Emulation.Kernels kernels = Emulation.kernels();
    private final DeviceInfo info;
    private final boolean lastFirst;
    private final ByteBuffer transfer = ByteBuffer.allocateDirect(TRANSFER).order(ByteOrder.nativeOrder());
    private final Map<Long, Long> blocks = new HashMap<>();
    private final Map<Long, Long> sizes = new HashMap<>();
    private final Map<Long, String> names = new HashMap<>();
    private final List<List<Runnable>> recordings = new ArrayList<>();
    private final ByteBuffer[] sent = new ByteBuffer[SENT_SLOTS];
    private List<Runnable> recorded;
    private boolean invalid;
    private boolean refuseRecordings;
    private volatile boolean failReplays;
    private long launches;
    private long replays;
    private long downloads;
    private int unread;
    private int mostUnread;
    private long inUse;

    /** A card of 1 GiB with the shared memory of an A100. */
    public EmulatedDevice() {
        this(A100_SHARED, false);
    }

    /** The same, but the threads of a block run from the last to the first. */
    public static EmulatedDevice lastThreadFirst() {
        return new EmulatedDevice(A100_SHARED, true);
    }

    /**
     * @param sharedBytes shared memory a block can have
     * @param lastFirst runs the threads of a block from the last to the first
     */
    EmulatedDevice(int sharedBytes, boolean lastFirst) {
        this("emulated card", sharedBytes, lastFirst);
    }

    /** A card that goes by another's name. */
    EmulatedDevice(String name) {
        this(name, A100_SHARED, false);
    }

    private EmulatedDevice(String name, int sharedBytes, boolean lastFirst) {
        this.lastFirst = lastFirst;
        info = new DeviceInfo(name, 8, 0, 1, 1L << 30, sharedBytes, "kernels compiled by g++");
    }

    @Override
    public DeviceInfo info() {
        return info;
    }

    @Override
    public long freeBytes() {
        return info.totalBytes() - inUse;
    }

    @Override
    public long allocate(long bytes) {
        refuseInRecording("taking memory");
        if (bytes > freeBytes()) {
            throw new OutOfMemory("expected " + bytes + " bytes on the emulated card, found " + freeBytes(), null);
        }
        long address = Native.malloc(bytes + DeviceMemory.ALIGNMENT);
        long aligned = (address + DeviceMemory.ALIGNMENT - 1) / DeviceMemory.ALIGNMENT * DeviceMemory.ALIGNMENT;
        blocks.put(aligned, address);
        sizes.put(aligned, bytes);
        inUse += bytes;
        // Not zeros: a kernel that reads what nobody wrote should be seen.
        new Pointer(aligned).setMemory(0, bytes, (byte) 0xff);
        return aligned;
    }

    @Override
    public void free(long address) {
        refuseInRecording("giving memory back");
        Native.free(blocks.remove(address));
        inUse -= sizes.remove(address);
    }

    @Override
    public int transferBytes() {
        return TRANSFER;
    }

    @Override
    public ByteBuffer staging(int bytes) {
        return transfer.slice(0, bytes).order(ByteOrder.nativeOrder());
    }

    @Override
    public void upload(ByteBuffer staged, long to) {
        refuseInRecording("a copy to the card");
        new Pointer(to).getByteBuffer(0, staged.capacity()).put(staged.duplicate().clear());
    }

    @Override
    public ByteBuffer download(long from, int bytes) {
        refuseInRecording("a copy from the card");
        downloads++;
        ByteBuffer found = staging(bytes);
        found.duplicate().put(new Pointer(from).getByteBuffer(0, bytes));
        return found;
    }

    @Override
    public void copy(long from, long to, long bytes) {
        if (bytes > 0) {
            queue(() -> new Pointer(to).getByteBuffer(0, bytes).put(new Pointer(from).getByteBuffer(0, bytes)));
        }
    }

    @Override
    public void clear(long at, long bytes) {
        if (bytes > 0) {
            queue(() -> new Pointer(at).setMemory(0, bytes, (byte) 0));
        }
    }

    @Override
    public void load(List<KernelSource> sources) {
        for (KernelSource source : sources) {
            Emulation.names(source.text()).forEach(this::kernel);
        }
    }

    @Override
    public long kernel(String name) {
        long kernel = kernels.emulation_kernel(name);
        if (kernel == 0) {
            throw new DeviceException("no kernel " + name);
        }
        names.put(kernel, name);
        return kernel;
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
            int bytes,
            long addresses) {
        if (addresses != kernels.emulation_pointers(kernel)) {
            throw new DeviceException(names.get(kernel) + ": expected pointers "
                    + Long.toBinaryString(kernels.emulation_pointers(kernel)) + " among the arguments, found "
                    + Long.toBinaryString(addresses));
        }
        if (sharedBytes > info.sharedBytesPerBlock()) {
            throw new DeviceException(names.get(kernel) + ": a block has " + info.sharedBytesPerBlock()
                    + " bytes of shared memory, asked for " + sharedBytes);
        }
        if (recorded != null) {
            ByteBuffer kept = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
            kept.put(arguments.duplicate().position(0).limit(bytes));
            recorded.add(() -> run(kernel, gridX, gridY, gridZ, threads, sharedBytes, kept, bytes));
        } else {
            launches++;
            run(kernel, gridX, gridY, gridZ, threads, sharedBytes, arguments, bytes);
        }
    }

    private void run(
            long kernel, int x, int y, int z, int threads, int sharedBytes, ByteBuffer arguments, int bytes) {
        ByteBuffer packed = arguments.duplicate().position(0);
        kernels.emulation_order(lastFirst ? 1 : 0);
        int error = kernels.emulation_launch(kernel, x, y, z, threads, sharedBytes, packed, bytes);
        if (error != 0) {
            throw new DeviceException(names.get(kernel) + ": " + ERRORS[error]);
        }
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
        if (typeC != DType.FLOAT32 && (operands != Operands.BF16 || beta != 0)) {
            throw new DeviceException("a product to " + typeC + " of operands " + operands + " with beta " + beta);
        }
        int roundsC = typeC == DType.BFLOAT16 ? 1 : 0;
        queue(() -> kernels.emulation_gemm(operands.ordinal(), transA ? 1 : 0, transB ? 1 : 0, m, n, k, alpha, a, lda,
                strideA, b, ldb, strideB, beta, c, roundsC, ldc, strideC, batch));
    }

    @Override
    public void synchronize() {
        refuseInRecording("waiting");
    }

    /** As of now: on a card, work that is queued later does not change what was sent. */
    @Override
    public void send(long from, int bytes, int slot) {
        refuseInRecording("a copy from the card");
        if (bytes > SENT_BYTES || slot < 0 || slot >= sent.length) {
            throw new DeviceException(
                    "expected at most " + SENT_BYTES + " bytes and " + SENT_SLOTS + " slots, found " + bytes + " and " + slot);
        }
        sent[slot] = ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
        sent[slot].duplicate().put(new Pointer(from).getByteBuffer(0, bytes));
        unread++;
        mostUnread = Math.max(mostUnread, unread);
    }

    @Override
    public ByteBuffer receive(int slot) {
        unread--;
        return sent[slot];
    }

    @Override
    public void beginRecording() {
        if (recorded != null) {
            throw new DeviceException("a recording within a recording");
        }
        recorded = new ArrayList<>();
        invalid = false;
    }

    @Override
    public long endRecording() {
        List<Runnable> calls = recorded;
        recorded = null;
        if (invalid || refuseRecordings) {
            throw new DeviceException(invalid ? "the recording is not whole" : "this card records nothing");
        }
        recordings.add(calls);
        return recordings.size() - 1;
    }

    @Override
    public void replay(long recording) {
        refuseInRecording("a replay");
        if (failReplays) {
            throw new DeviceException("the card fell off the bus");
        }
        replays++;
        recordings.get((int) recording).forEach(Runnable::run);
    }

    @Override
    public void forget(long recording) {
        if (recordings.set((int) recording, null) == null) {
            throw new DeviceException("no such recording");
        }
    }

    private void queue(Runnable call) {
        if (recorded != null) {
            recorded.add(call);
        } else {
            call.run();
        }
    }

    /** What a stream that is being captured refuses, which makes the capture invalid as well. */
    private void refuseInRecording(String what) {
        if (recorded != null) {
            invalid = true;
            throw new DeviceException(what + " cannot be recorded");
        }
    }

    /** Has every recording refused from now on, as by a driver's error. */
    public void refuseRecordings() {
        refuseRecordings = true;
    }

    /** Has every replay fail from now on. */
    public void failReplays() {
        failReplays = true;
    }

    /** Kernels that were launched one by one. */
    public long launches() {
        return launches;
    }

    public long replays() {
        return replays;
    }

    /** Recordings made so far. */
    public int recordings() {
        return recordings.size();
    }

    /** Copies that the host waited for. */
    public long downloads() {
        return downloads;
    }

    /** Most copies that had been sent and not received at one time. */
    public int mostUnread() {
        return mostUnread;
    }

    @Override
    public void close() {
        if (recordings.stream().anyMatch(Objects::nonNull)) {
            throw new IllegalStateException("a recording was not given back");
        }
        if (!blocks.isEmpty()) {
            throw new IllegalStateException("memory of the emulated card was not given back");
        }
    }
}
