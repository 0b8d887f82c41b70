package org.windtunnel.backend.cuda;

import java.nio.ByteBuffer;
import java.util.List;
import org.windtunnel.backend.WorkTimes;
import org.windtunnel.tensor.DType;

/**
 * One GPU and one queue of work on it: memory, copies, kernels, matrix products.
 *
 * <p>Addresses are device addresses in bytes. Everything is done in the order of the calls; only {@link #download} and
 * {@link #synchronize} wait for it. Errors of the card surface as {@link DeviceException}, possibly at a later call.
 */
public interface Device extends AutoCloseable {
    /** Most bytes of {@link #send}. */
    int SENT_BYTES = 128;
    /** Places on the host that {@link #send} knows. */
    int SENT_SLOTS = 128;
    /** Most bytes of a kernel's arguments. */
    int ARGUMENT_BYTES = 512;

    DeviceInfo info();

    /** Bytes that can be had now. */
    long freeBytes();

    /**
     * Memory of any content, aligned to 256 bytes.
     *
     * @throws org.windtunnel.backend.OutOfMemory if the card does not have it
     */
    long allocate(long bytes);

    /** Gives back what {@link #allocate} gave. Waits for queued work. */
    void free(long address);

    /** Most bytes that {@link #staging} and {@link #download} take at once. */
    int transferBytes();

    /** Host memory in native byte order to fill for {@link #upload}, which must be the next call. */
    ByteBuffer staging(int bytes);

    /** Queues a copy of what was staged. */
    void upload(ByteBuffer staged, long to);

    /** Waits for queued work and returns device memory's content, valid until the next call of this device. */
    ByteBuffer download(long from, int bytes);

    /**
     * Queues a copy of up to {@link #SENT_BYTES} to one of {@link #SENT_SLOTS} places on the host, for {@link #receive}.
     */
    void send(long from, int bytes, int slot);

    /**
     * Waits for what was last sent to a place, and for nothing that was queued after it. Valid until the next sending
     * there. Other threads may use the device meanwhile.
     */
    ByteBuffer receive(int slot);

    /**
     * Records what is queued from now on instead of doing it, until {@link #endRecording}. Kernels, products, copies
     * within the device and zeros can be recorded; everything else is refused, and the recording with it.
     */
    void beginRecording();

    /**
     * Ends the recording; what was recorded has not been done.
     *
     * @return handle for {@link #replay}
     * @throws DeviceException if it cannot be replayed; nothing is being recorded any more then, either
     */
    long endRecording();

    /** Queues what was recorded. Addresses and arguments are those of the recording. */
    void replay(long recording);

    /** Gives a recording back; queued replays of it are done nevertheless. */
    void forget(long recording);

    /** Queues a copy within the device. */
    void copy(long from, long to, long bytes);

    /** Queues zeros. */
    void clear(long at, long bytes);

    /**
     * Makes kernels known, compiling them unless they are cached.
     *
     * @throws DeviceException if the compiler refuses them
     */
    void load(List<KernelSource> sources);

    /** Handle of a kernel of a loaded source. @throws DeviceException if there is none of this name */
    long kernel(String name);

    /**
     * Queues a kernel on a one-dimensional block of threads.
     *
     * @param sharedBytes dynamic shared memory
     * @param arguments the first {@code argumentBytes} bytes are the parameters, each at its natural alignment; the last
     *     two are those of a stacked launch, as common.cuh describes it
     * @param addresses bit i is set where the i-th 8 bytes of the arguments are a device address
     */
    void launch(
            long kernel,
            int gridX,
            int gridY,
            int gridZ,
            int threads,
            int sharedBytes,
            ByteBuffer arguments,
            int argumentBytes,
            long addresses);

    /**
     * Queues C = alpha · op(A) · op(B) + beta · C for each of {@code batch} row-major matrices, {@code stride} elements
     * apart; A and B are bf16 with {@link Operands#BF16}, else fp32. Sums are fp32.
     *
     * @param typeC fp32, or, with {@link Operands#BF16} and beta 0, bf16
     */
    void gemm(
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
            int batch);

    /** Times of what is queued; null where there is no clock. */
    default WorkTimes workTimes() {
        return null;
    }

    /** Waits for queued work. */
    void synchronize();

    @Override
    void close();
}
