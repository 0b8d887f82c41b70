package org.windtunnel.config;

/** Backend, threads, precision. These change how fast a run goes, not what it computes, and are left out of its id. */
public record RuntimeSpec(
        @Key(value = "cpu (fast), cuda (NVIDIA GPUs) or nd4j (portable reference)", def = "cpu") BackendName backend,
        @Key(value = "Threads of one run; results do not depend on it on the cpu backend", def = "1")
                @Range(min = 1) int threads,
        @Key(
                        value = "fp32; tf32 or bf16 on the cuda backend only: operands of matrix products, sums stay fp32;"
                                + " fp64 on the nd4j backend only",
                        def = "fp32")
                Precision precision,
        @Key(
                        value = "What to do when memory runs out: stop, or restart, which gives all memory back, waits, and goes on "
                                + "from the newest checkpoint, at most three times",
                        def = "stop")
                OnOutOfMemory onOutOfMemory,
        @Key(
                        value = "On the cuda backend: record a training pass once as a CUDA graph and replay it, "
                                + "instead of launching its kernels one by one",
                        def = "true")
                boolean cudaGraphs) {

    /** With the defaults of the rest: a run stops when memory runs out, and passes are replayed. */
    public RuntimeSpec(BackendName backend, int threads, Precision precision) {
        this(backend, threads, precision, OnOutOfMemory.STOP, true);
    }

    /** What becomes of a run that gets no memory. */
    public enum OnOutOfMemory {
        STOP,
        RESTART
    }

    /** Backend names as in the config. */
    public enum BackendName {
        CPU,
        CUDA,
        ND4J
    }

    /** Precision policies. */
    public enum Precision {
        FP32,
        TF32,
        BF16,
        FP64
    }
}
