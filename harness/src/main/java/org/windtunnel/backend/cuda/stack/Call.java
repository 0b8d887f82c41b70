package org.windtunnel.backend.cuda.stack;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToLongFunction;
import org.windtunnel.backend.cuda.Device;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.tensor.DType;

/** A call of a device, kept to be made later. */
sealed interface Call {
    /** Most blocks along the grid's z. */
    int MOST_Z = 65_535;

    /** @param arguments memory for a kernel's arguments */
    void make(Device device, ByteBuffer arguments);

    /** Null if {@code other} is this call with every address {@code distance} bytes further on, else what differs. */
    String difference(Call other, long distance);

    /** This call with every address moved. */
    Call moved(long distance);

    /**
     * This call, and the same for {@code runs - 1} further runs, each {@code stride} bytes after the one before.
     *
     * @param kernels handles by name
     */
    List<Call> stacked(int runs, long stride, ToLongFunction<String> kernels);

    private static List<Call> oneByOne(Call call, int runs, long stride) {
        List<Call> calls = new ArrayList<>();
        for (int run = 0; run < runs; run++) {
            calls.add(call.moved(run * stride));
        }
        return calls;
    }

    /** Unequal numbers, and whether addresses lie at the distance; null if there is nothing to tell. */
    private static String unequal(String what, long found, long expected) {
        return found == expected ? null : "has " + what + " " + found + ", not " + expected;
    }

    private static String first(String... differences) {
        return Arrays.stream(differences).filter(d -> d != null).findFirst().orElse(null);
    }

    private static String other(Call call, Call other) {
        return "is a " + other.getClass().getSimpleName() + ", not a " + call.getClass().getSimpleName();
    }

    /** A kernel; the last 12 bytes of its arguments are the stride of its stack and the depth of its own grid. */
    record Launch(
            long kernel,
            String name,
            int x,
            int y,
            int z,
            int threads,
            int sharedBytes,
            byte[] arguments,
            long addresses)
            implements Call {
        private static final int STRIDE_FROM_END = Long.BYTES + Integer.BYTES;

        @Override
        public void make(Device device, ByteBuffer buffer) {
            buffer.put(0, arguments);
            device.launch(kernel, x, y, z, threads, sharedBytes, buffer, arguments.length, addresses);
        }

        private boolean isAddress(int word) {
            return word < Long.SIZE && (addresses >>> word & 1) == 1;
        }

        private ByteBuffer buffer() {
            return ByteBuffer.wrap(arguments).order(ByteOrder.nativeOrder());
        }

        @Override
        public String difference(Call call, long distance) {
            if (!(call instanceof Launch other)) {
                return other(this, call);
            }
            if (other.kernel != kernel) {
                return "is " + other.name + ", not " + name;
            }
            String shape = first(
                    unequal("grid x", other.x, x),
                    unequal("grid y", other.y, y),
                    unequal("grid z", other.z, z),
                    unequal("threads", other.threads, threads),
                    unequal("shared bytes", other.sharedBytes, sharedBytes),
                    unequal("argument bytes", other.arguments.length, arguments.length));
            return shape == null ? argument(other, distance) : name + " " + shape;
        }

        private String argument(Launch other, long distance) {
            ByteBuffer mine = buffer();
            ByteBuffer theirs = other.buffer();
            for (int at = 0; at < arguments.length; ) {
                if (isAddress(at / Long.BYTES)) {
                    long expected = mine.getLong(at) == 0 ? 0 : mine.getLong(at) + distance;
                    if (theirs.getLong(at) != expected) {
                        return name + " has another place for the address at byte " + at + " of its arguments";
                    }
                    at += Long.BYTES;
                } else if (arguments[at] != other.arguments[at]) {
                    return name + " has another number at byte " + at + " of its arguments";
                } else {
                    at++;
                }
            }
            return null;
        }

        @Override
        public Launch moved(long distance) {
            byte[] copy = arguments.clone();
            ByteBuffer buffer = ByteBuffer.wrap(copy).order(ByteOrder.nativeOrder());
            for (int at = 0; at + Long.BYTES <= copy.length; at += Long.BYTES) {
                if (isAddress(at / Long.BYTES) && buffer.getLong(at) != 0) {
                    buffer.putLong(at, buffer.getLong(at) + distance);
                }
            }
            return new Launch(kernel, name, x, y, z, threads, sharedBytes, copy, addresses);
        }

        @Override
        public List<Call> stacked(int runs, long stride, ToLongFunction<String> kernels) {
            List<Call> calls = new ArrayList<>();
            int most = Math.max(1, MOST_Z / z);
            for (int run = 0; run < runs; run += most) {
                Launch part = moved(run * stride);
                part.buffer().putLong(arguments.length - STRIDE_FROM_END, stride);
                calls.add(new Launch(kernel, name, x, y, z * Math.min(most, runs - run), threads, sharedBytes,
                        part.arguments, addresses));
            }
            return calls;
        }
    }

    /** Matrix products; see {@link Device#gemm}. */
    record Product(
            Operands operands, boolean transA, boolean transB, int m, int n, int k, float alpha, long a, int lda,
            long strideA, long b, int ldb, long strideB, float beta, long c, DType typeC, int ldc, long strideC,
            int batch)
            implements Call {

        @Override
        public void make(Device device, ByteBuffer arguments) {
            device.gemm(operands, transA, transB, m, n, k, alpha, a, lda, strideA, b, ldb, strideB, beta, c, typeC,
                    ldc, strideC, batch);
        }

        @Override
        public String difference(Call call, long distance) {
            if (!(call instanceof Product other)) {
                return other(this, call);
            }
            return other.equals(moved(distance)) ? null : "is another matrix product, or of matrices elsewhere";
        }

        @Override
        public Product moved(long distance) {
            return at(a + distance, b + distance, c + distance);
        }

        private Product at(long toA, long toB, long toC) {
            return new Product(operands, transA, transB, m, n, k, alpha, toA, lda, strideA, toB, ldb, strideB, beta,
                    toC, typeC, ldc, strideC, batch);
        }

        /** As few calls as one stride each allows: over the runs, or over the matrices of a run. */
        @Override
        public List<Call> stacked(int runs, long stride, ToLongFunction<String> kernels) {
            if (runs < batch) {
                return oneByOne(this, runs, stride);
            }
            int bytes = operands == Operands.BF16 ? Short.BYTES : Float.BYTES;
            List<Call> calls = new ArrayList<>();
            for (int i = 0; i < batch; i++) {
                calls.add(new Product(operands, transA, transB, m, n, k, alpha, a + i * strideA * bytes, lda,
                        stride / bytes, b + i * strideB * bytes, ldb, stride / bytes, beta,
                        c + i * strideC * typeC.bytes(), typeC, ldc, stride / typeC.bytes(), runs));
            }
            return calls;
        }
    }

    /** A copy within the device. */
    record Copy(long from, long to, long bytes) implements Call {
        @Override
        public void make(Device device, ByteBuffer arguments) {
            device.copy(from, to, bytes);
        }

        @Override
        public String difference(Call call, long distance) {
            if (!(call instanceof Copy other)) {
                return other(this, call);
            }
            return other.equals(moved(distance)) ? null : "copies something else, or elsewhere";
        }

        @Override
        public Copy moved(long distance) {
            return new Copy(from + distance, to + distance, bytes);
        }

        @Override
        public List<Call> stacked(int runs, long stride, ToLongFunction<String> kernels) {
            if (bytes % Integer.BYTES != 0) {
                return oneByOne(this, runs, stride);
            }
            return Words.launch(kernels, "copy_words", bytes, 0b11, arguments -> arguments.putLong(from).putLong(to)
                    .putLong(bytes / Integer.BYTES)).stacked(runs, stride, kernels);
        }
    }

    /** Zeros. */
    record Clear(long at, long bytes) implements Call {
        @Override
        public void make(Device device, ByteBuffer arguments) {
            device.clear(at, bytes);
        }

        @Override
        public String difference(Call call, long distance) {
            if (!(call instanceof Clear other)) {
                return other(this, call);
            }
            return other.equals(moved(distance)) ? null : "clears something else, or elsewhere";
        }

        @Override
        public Clear moved(long distance) {
            return new Clear(at + distance, bytes);
        }

        @Override
        public List<Call> stacked(int runs, long stride, ToLongFunction<String> kernels) {
            if (bytes % Integer.BYTES != 0) {
                return oneByOne(this, runs, stride);
            }
            return Words.launch(kernels, "fill_ints", bytes, 0b1, arguments -> arguments.putLong(at)
                    .putLong(bytes / Integer.BYTES).putInt(0).putInt(0)).stacked(runs, stride, kernels);
        }
    }
}
