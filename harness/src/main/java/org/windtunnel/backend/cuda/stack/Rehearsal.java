package org.windtunnel.backend.cuda.stack;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.windtunnel.backend.cuda.Device;
import org.windtunnel.backend.cuda.DeviceInfo;
import org.windtunnel.backend.cuda.KernelSource;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.tensor.DType;

/** A device that does nothing and finds zeros everywhere, to see what memory a run takes. */
final class Rehearsal implements Device {
    /** More than any card has. */
    static final long BYTES = 1L << 44;

    private static final long FIRST_ADDRESS = 1L << 45;
    private static final int TRANSFER = 1 << 20;

    private final DeviceInfo info;
    private final ByteBuffer staging = ByteBuffer.allocateDirect(TRANSFER);
    private long next = FIRST_ADDRESS;

    /** @param info of the card that the run shall take place on */
    Rehearsal(DeviceInfo info) {
        this.info = info;
    }

    @Override
    public DeviceInfo info() {
        return info;
    }

    @Override
    public long freeBytes() {
        return BYTES;
    }

    @Override
    public long allocate(long bytes) {
        long address = next;
        next += bytes;
        return address;
    }

    @Override
    public void free(long address) {}

    @Override
    public int transferBytes() {
        return TRANSFER;
    }

    @Override
    public ByteBuffer staging(int bytes) {
        return staging.slice(0, bytes).order(ByteOrder.nativeOrder());
    }

    @Override
    public void upload(ByteBuffer staged, long to) {}

    @Override
    public ByteBuffer download(long from, int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
    }

    @Override
    public void send(long from, int bytes, int slot) {}

    @Override
    public ByteBuffer receive(int slot) {
        return ByteBuffer.allocate(SENT_BYTES).order(ByteOrder.nativeOrder());
    }

    @Override
    public void beginRecording() {}

    @Override
    public long endRecording() {
        return 0;
    }

    @Override
    public void replay(long recording) {}

    @Override
    public void forget(long recording) {}

    @Override
    public void copy(long from, long to, long bytes) {}

    @Override
    public void clear(long at, long bytes) {}

    @Override
    public void load(List<KernelSource> sources) {}

    @Override
    public long kernel(String name) {
        return 0;
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
            long addresses) {}

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
            int batch) {}

    @Override
    public void synchronize() {}

    @Override
    public void close() {}
}
