package org.windtunnel.backend.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/**
 * Packs the arguments of one kernel call after the other, in the order of the kernel's parameters, and launches it.
 *
 * <p>{@code calls.to("axpy").tensor(x).tensor(y).int64(n).float32(a).elements(n)}. One call is under construction at a
 * time; nothing is allocated.
 */
final class Calls {
    /** Threads of every block; {@code BLOCK} in the sources. */
    static final int BLOCK = 256;
    static final int WARP = 32;

    /** Blocks of a kernel that walks its elements in strides of the grid. */
    private static final int MOST_BLOCKS = 1 << 16;

    private final Device device;
    private final Map<String, Long> kernels = new HashMap<>();
    private final ByteBuffer arguments =
            ByteBuffer.allocateDirect(Device.ARGUMENT_BYTES).order(ByteOrder.nativeOrder());
    private long kernel;
    private long addresses;

    Calls(Device device) {
        this.device = device;
    }

    /** Begins a call. */
    Calls to(String name) {
        Long known = kernels.get(name);
        if (known == null) {
            known = device.kernel(name);
            kernels.put(name, known);
        }
        kernel = known;
        addresses = 0;
        arguments.clear();
        return this;
    }

    /** The address of a float tensor's first element; null gives a null pointer. */
    Calls tensor(Tensor x) {
        return address(x == null ? 0 : floats(x));
    }

    /** The address of a tensor's first element, of float or bf16 as the kernel of this name wants it. */
    Calls either(Tensor x) {
        return address(numbers(x));
    }

    /** The same for a kernel that takes both, followed by a flag for bf16. */
    Calls typed(Tensor x) {
        return either(x).flag(isRounded(x));
    }

    /** The address of a bf16 tensor's first element; null gives a null pointer. */
    Calls rounded(Tensor x) {
        return address(x == null ? 0 : addressOf(x, DType.BFLOAT16));
    }

    /** The address of an INT32 tensor's first element; null gives a null pointer. */
    Calls ints(Tensor x) {
        return address(x == null ? 0 : addressOf(x, DType.INT32));
    }

    /** The address of a FLOAT64 tensor's first element; null gives a null pointer. */
    Calls doubles(Tensor x) {
        return address(x == null ? 0 : doublesOf(x));
    }

    Calls address(long value) {
        align(Long.BYTES);
        addresses |= 1L << arguments.position() / Long.BYTES;
        arguments.putLong(value);
        return this;
    }

    Calls int64(long value) {
        align(Long.BYTES);
        arguments.putLong(value);
        return this;
    }

    Calls int32(int value) {
        align(Integer.BYTES);
        arguments.putInt(value);
        return this;
    }

    Calls flag(boolean value) {
        return int32(value ? 1 : 0);
    }

    Calls float32(double value) {
        align(Float.BYTES);
        arguments.putFloat((float) value);
        return this;
    }

    Calls float64(double value) {
        align(Double.BYTES);
        arguments.putDouble(value);
        return this;
    }

    private void align(int bytes) {
        while (arguments.position() % bytes != 0) {
            arguments.put((byte) 0);
        }
    }

    /** Launches with a thread an element, in strides where there are more than the largest grid has. */
    void elements(long n) {
        grid(stridedBlocks(n), 1, 1);
    }

    /** Launches with a warp a row. */
    void warps(long rows) {
        grid(blocks(rows, BLOCK / WARP), 1, 1);
    }

    void grid(int x, int y, int z) {
        grid(x, y, z, BLOCK, 0);
    }

    void grid(int x, int y, int z, int threads, int sharedBytes) {
        if (x > 0 && y > 0 && z > 0) {
            // Of a stack of one; see common.cuh.
            int64(0).int32(z);
            device.launch(kernel, x, y, z, threads, sharedBytes, arguments, arguments.position(), addresses);
        }
    }

    static int stridedBlocks(long n) {
        return (int) Math.min(MOST_BLOCKS, (n + BLOCK - 1) / BLOCK);
    }

    /** Blocks of {@code each} that hold n. */
    static int blocks(long n, int each) {
        return Math.toIntExact((n + each - 1) / each);
    }

    /** The address of a float tensor's first element. */
    static long floats(Tensor x) {
        return addressOf(x, DType.FLOAT32);
    }

    /** The address of the first element of a float or bf16 tensor. */
    static long numbers(Tensor x) {
        return isRounded(x) ? addressOf(x, DType.BFLOAT16) : floats(x);
    }

    /** Whether a tensor is bf16. */
    static boolean isRounded(Tensor x) {
        return x.storage().dtype() == DType.BFLOAT16;
    }

    /** The address of a FLOAT64 tensor's first element. */
    static long doublesOf(Tensor x) {
        return addressOf(x, DType.FLOAT64);
    }

    private static long addressOf(Tensor x, DType type) {
        if (!(x.storage() instanceof CudaStorage storage)) {
            throw new IllegalArgumentException("expected a tensor of the cuda backend, found " + x);
        }
        if (storage.dtype() != type) {
            throw new IllegalArgumentException("expected a tensor of " + type + ", found one of " + storage.dtype());
        }
        return storage.address(x.offset());
    }
}
