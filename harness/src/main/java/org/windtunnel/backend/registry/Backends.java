package org.windtunnel.backend.registry;

import org.windtunnel.backend.Backend;
import org.windtunnel.backend.Natives;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.backend.nd4j.Nd4jBackend;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.RuntimeSpec;
import org.windtunnel.config.RuntimeSpec.BackendName;
import org.windtunnel.config.RuntimeSpec.Precision;
import org.windtunnel.tensor.DType;

/** Opens the backend that a config names. */
public final class Backends {
    private Backends() {}

    /**
     * Prepares the native libraries and opens the backend; the caller closes it.
     *
     * @throws ConfigException if the processor, the precision or the number of threads cannot be had
     */
    public static Backend open(RuntimeSpec spec) {
        if (spec.threads() < 1) {
            throw new ConfigException("runtime.threads: expected at least 1, found " + spec.threads());
        }
        boolean doubles = spec.precision() == Precision.FP64;
        if (spec.backend() == BackendName.CPU && doubles) {
            throw new ConfigException("runtime.precision: the cpu backend computes in fp32, found fp64;"
                    + " use runtime.backend: nd4j for fp64");
        }
        Natives.prepare();
        return switch (spec.backend()) {
            case CPU -> new CpuBackend(spec.threads());
            case ND4J -> new Nd4jBackend(doubles ? DType.FLOAT64 : DType.FLOAT32);
        };
    }
}
