package org.windtunnel.backend.cuda.stack;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import org.windtunnel.backend.cuda.stack.Call.Launch;

/** Kernels in the place of the driver's copies and zeros, which know no runs. */
final class Words {
    private static final int BLOCK = 256;
    private static final int MOST_BLOCKS = 1 << 16;
    private static final int MOST_ARGUMENT_BYTES = 64;

    private Words() {}

    /**
     * A kernel with a thread a word.
     *
     * @param bytes of all words
     * @param addresses which of the arguments are addresses
     * @param packer puts the arguments but the last two, which begin at a multiple of 8 bytes
     */
    static Launch launch(
            ToLongFunction<String> kernels, String name, long bytes, long addresses, Consumer<ByteBuffer> packer) {
        ByteBuffer arguments = ByteBuffer.allocate(MOST_ARGUMENT_BYTES).order(ByteOrder.nativeOrder());
        packer.accept(arguments);
        arguments.putLong(0).putInt(1);
        long words = bytes / Integer.BYTES;
        int blocks = (int) Math.min(MOST_BLOCKS, (words + BLOCK - 1) / BLOCK);
        return new Launch(kernels.applyAsLong(name), name, blocks, 1, 1, BLOCK, 0,
                Arrays.copyOf(arguments.array(), arguments.position()), addresses);
    }
}
