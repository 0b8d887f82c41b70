package org.windtunnel.backend.cuda.driver;

import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.windtunnel.backend.cuda.DeviceException;

/** Turns the result codes of CUDA's libraries into exceptions. 0 is success in all of them. */
final class Status {
    private Status() {}

    /** @param what was being done */
    static void driver(int code, String what) {
        if (code != 0) {
            throw new DeviceException(what + ": " + driverName(code));
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
