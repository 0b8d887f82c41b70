package org.windtunnel.backend.cuda.driver;

import java.util.Set;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.windtunnel.backend.OutOfMemory;
import org.windtunnel.backend.cuda.DeviceException;

/** Turns the result codes of CUDA's libraries into exceptions. 0 is success in all of them. */
final class Status {
    static final int OUT_OF_MEMORY = 2;
    private static final int BLAS_ALLOC_FAILED = 3;

    /**
     * After these the context is lost (cuda.h: "the process must be terminated and relaunched"): uncorrectable memory
     * and NVLink errors; what kernels do wrong, 700 to 721; an unknown error.
     */
    private static final Set<Integer> LOST =
            Set.of(214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721, 999);

    private Status() {}

    /**
     * Does nothing for success.
     *
     * @param what was being done
     * @throws OutOfMemory for want of memory, of whatever kind
     * @throws DeviceException for any other error
     */
    static void driver(int code, String what) {
        if (code == OUT_OF_MEMORY) {
            throw new OutOfMemory(what + ": the GPU has not enough memory left; nvidia-smi shows what else is on it", null);
        }
        refusable(code, what);
    }

    /** The same for what can be done in another way: any error is a {@link DeviceException}. */
    static void refusable(int code, String what) {
        if (code == 0) {
            return;
        }
        boolean lost = LOST.contains(code);
        throw new DeviceException(what + ": " + driverName(code) + description(code)
                + (lost ? "; this process has lost the GPU, the run's checkpoints are whole (the kernel's log has NVIDIA's Xid)"
                        : ""), lost);
    }

    private static String description(int code) {
        try (PointerPointer<BytePointer> text = new PointerPointer<>(1)) {
            return cudart.cuGetErrorString(code, text) == 0 ? ", " + text.get(BytePointer.class).getString() : "";
        }
    }

    static String driverName(int code) {
        try (PointerPointer<BytePointer> text = new PointerPointer<>(1)) {
            return cudart.cuGetErrorName(code, text) == 0
                    ? text.get(BytePointer.class).getString() + " (" + code + ")"
                    : "CUDA error " + code;
        }
    }

    static void blas(int code, String what) {
        if (code == BLAS_ALLOC_FAILED) {
            throw new OutOfMemory(what + ": the GPU has not enough memory left for cuBLAS", null);
        }
        if (code != 0) {
            throw new DeviceException(what + ": " + cublas.cublasGetStatusString(code).getString() + " (" + code + ")");
        }
    }

    static void compiler(int code, String what) {
        if (code != 0) {
            throw new DeviceException(what + ": " + nvrtc.nvrtcGetErrorString(code).getString() + " (" + code + ")");
        }
    }
}
