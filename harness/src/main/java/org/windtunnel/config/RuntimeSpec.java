package org.windtunnel.config;

/** Backend, threads, precision. These change how fast a run goes, not what it computes, and are left out of its id. */
public record RuntimeSpec(
        @Key(value = "cpu (fast) or nd4j (portable reference)", def = "cpu") BackendName backend,
        @Key(value = "Threads of one run; results do not depend on it on the cpu backend", def = "1")
                @Range(min = 1) int threads,
        @Key(value = "fp32, or fp64 on the nd4j backend only", def = "fp32") Precision precision) {

    /** Backend names as in the config. */
    public enum BackendName {
        CPU,
        ND4J
    }

    /** Precision policies. */
    public enum Precision {
        FP32,
        FP64
    }
}
