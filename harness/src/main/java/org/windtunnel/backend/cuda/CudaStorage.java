package org.windtunnel.backend.cuda;

import java.nio.ByteBuffer;
import java.nio.ShortBuffer;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Storage;

/**
 * Device memory; each transfer is an explicit copy, in pieces of what the device stages at once. Kernels compute in
 * float32; float64 memory holds numbers that they take in, bfloat16 memory operands of matrix products.
 */
final class CudaStorage implements Storage {
    private final Device device;
    private final DeviceMemory memory;
    private final DType dtype;
    private final long length;
    private final int piece;
    private final double[] one = new double[1];
    private long address;

    CudaStorage(Device device, DeviceMemory memory, DType dtype, long length) {
        if (length < 0) {
            throw new IllegalArgumentException("expected a length of 0 or more, found " + length);
        }
        this.device = device;
        this.memory = memory;
        this.dtype = dtype;
        this.length = length;
        this.piece = device.transferBytes() / dtype.bytes();
        this.address = memory.allocate(bytes());
        device.clear(address, bytes());
    }

    private long bytes() {
        return Math.multiplyExact(length, (long) dtype.bytes());
    }

    /** Device address of an element. */
    long address(long element) {
        if (address == 0) {
            throw new IllegalStateException("expected live device memory, found closed memory");
        }
        return address + element * dtype.bytes();
    }

    @Override
    public DType dtype() {
        return dtype;
    }

    @Override
    public long length() {
        return length;
    }

    private interface Part {
        void transfer(long at, int index, int count);
    }

    private void inPieces(DType expected, long at, int first, int count, Part part) {
        if (dtype != expected) {
            throw new IllegalArgumentException("expected " + expected + " memory, found " + dtype);
        }
        if (at < 0 || count < 0 || at + count > length) {
            throw new IllegalArgumentException(
                    "elements " + at + " to " + (at + count) + " leave a storage of " + length);
        }
        for (int done = 0; done < count; done += piece) {
            part.transfer(at + done, first + done, Math.min(piece, count - done));
        }
    }

    private ByteBuffer fetch(long at, int count) {
        return device.download(address(at), count * dtype.bytes());
    }

    @Override
    public void read(long at, float[] dst, int dstAt, int count) {
        if (dtype == DType.BFLOAT16) {
            inPieces(dtype, at, dstAt, count, (from, i, n) -> {
                ShortBuffer values = fetch(from, n).asShortBuffer();
                for (int j = 0; j < n; j++) {
                    dst[i + j] = DType.ofBfloat16(values.get(j));
                }
            });
            return;
        }
        inPieces(DType.FLOAT32, at, dstAt, count, (from, i, n) -> fetch(from, n).asFloatBuffer().get(dst, i, n));
    }

    @Override
    public void read(long at, double[] dst, int dstAt, int count) {
        if (dtype == DType.FLOAT64) {
            inPieces(dtype, at, dstAt, count, (from, i, n) -> fetch(from, n).asDoubleBuffer().get(dst, i, n));
            return;
        }
        if (dtype == DType.BFLOAT16) {
            float[] values = new float[count];
            read(at, values, 0, count);
            for (int j = 0; j < count; j++) {
                dst[dstAt + j] = values[j];
            }
            return;
        }
        inPieces(DType.FLOAT32, at, dstAt, count, (from, i, n) -> {
            ByteBuffer values = fetch(from, n);
            for (int j = 0; j < n; j++) {
                dst[i + j] = values.getFloat(j * Float.BYTES);
            }
        });
    }

    @Override
    public void read(long at, int[] dst, int dstAt, int count) {
        inPieces(DType.INT32, at, dstAt, count, (from, i, n) -> fetch(from, n).asIntBuffer().get(dst, i, n));
    }

    @Override
    public void write(long at, float[] src, int srcAt, int count) {
        if (dtype == DType.BFLOAT16) {
            inPieces(dtype, at, srcAt, count, (to, i, n) -> {
                ByteBuffer staged = device.staging(n * dtype.bytes());
                for (int j = 0; j < n; j++) {
                    staged.putShort(j * dtype.bytes(), DType.toBfloat16(src[i + j]));
                }
                device.upload(staged, address(to));
            });
            return;
        }
        inPieces(DType.FLOAT32, at, srcAt, count, (to, i, n) -> {
            ByteBuffer staged = device.staging(n * Float.BYTES);
            staged.asFloatBuffer().put(src, i, n);
            device.upload(staged, address(to));
        });
    }

    @Override
    public double get(long at) {
        read(at, one, 0, 1);
        return one[0];
    }

    @Override
    public void put(long at, double value) {
        one[0] = value;
        write(at, one, 0, 1);
    }

    @Override
    public void write(long at, double[] src, int srcAt, int count) {
        if (dtype == DType.FLOAT64) {
            inPieces(dtype, at, srcAt, count, (to, i, n) -> {
                ByteBuffer staged = device.staging(n * Double.BYTES);
                staged.asDoubleBuffer().put(src, i, n);
                device.upload(staged, address(to));
            });
            return;
        }
        if (dtype == DType.BFLOAT16) {
            float[] values = new float[count];
            for (int j = 0; j < count; j++) {
                values[j] = (float) src[srcAt + j];
            }
            write(at, values, 0, count);
            return;
        }
        inPieces(DType.FLOAT32, at, srcAt, count, (to, i, n) -> {
            ByteBuffer staged = device.staging(n * Float.BYTES);
            for (int j = 0; j < n; j++) {
                staged.putFloat(j * Float.BYTES, (float) src[i + j]);
            }
            device.upload(staged, address(to));
        });
    }

    @Override
    public void write(long at, int[] src, int srcAt, int count) {
        inPieces(DType.INT32, at, srcAt, count, (to, i, n) -> {
            ByteBuffer staged = device.staging(n * Integer.BYTES);
            staged.asIntBuffer().put(src, i, n);
            device.upload(staged, address(to));
        });
    }

    @Override
    public void close() {
        if (address != 0) {
            memory.free(address, bytes());
            address = 0;
        }
    }
}
