package org.windtunnel.backend.registry;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.BackendStack;
import org.windtunnel.backend.Natives;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.backend.cuda.CudaBackend;
import org.windtunnel.backend.cuda.DeviceProvider;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.backend.cuda.stack.CudaStack;
import org.windtunnel.backend.nd4j.Nd4jBackend;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.RuntimeSpec;
import org.windtunnel.config.RuntimeSpec.BackendName;
import org.windtunnel.config.RuntimeSpec.Precision;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.StoragePolicy;

/** Opens the backend that a config names. */
public final class Backends {
    private static final Map<BackendName, Set<Precision>> PRECISIONS = Map.of(
            BackendName.CPU, EnumSet.of(Precision.FP32),
            BackendName.CUDA, EnumSet.of(Precision.FP32, Precision.TF32, Precision.BF16),
            BackendName.ND4J, EnumSet.of(Precision.FP32, Precision.FP64));

    private Backends() {}

    /**
     * Prepares the native libraries and opens the backend; the caller closes it.
     *
     * @throws ConfigException if the processor, the precision or the number of threads cannot be had
     */
    public static Backend open(RuntimeSpec spec) {
        requireUsable(spec);
        if (spec.backend() == BackendName.CUDA) {
            return new CudaBackend(DeviceProvider.find().open(), operands(spec), spec.cudaGraphs());
        }
        Natives.prepare();
        return spec.backend() == BackendName.CPU
                ? new CpuBackend(spec.threads())
                : new Nd4jBackend(floatType(spec));
    }

    /**
     * Opens backends for several runs that one GPU trains at once.
     *
     * @param runs how many there are; the stack may have room for fewer
     * @param rehearsal takes from a backend, on which everything is 0, what a run takes
     * @throws ConfigException if there is no GPU that can be used
     * @throws org.windtunnel.backend.OutOfMemory if there is no room for a run
     */
    public static BackendStack openStack(RuntimeSpec spec, int runs, Consumer<Backend> rehearsal) {
        requireUsable(spec);
        return CudaStack.open(DeviceProvider.find().open(), operands(spec), runs, rehearsal);
    }

    /**
     * How the backend of a config keeps what a model takes, without opening it.
     *
     * @throws ConfigException if the precision is not one of the backend's
     */
    public static StoragePolicy storagePolicy(RuntimeSpec spec) {
        requirePrecision(spec);
        return spec.backend() == BackendName.CUDA
                ? CudaBackend.storagePolicy(operands(spec))
                : StoragePolicy.of(floatType(spec));
    }

    private static DType floatType(RuntimeSpec spec) {
        return spec.precision() == Precision.FP64 ? DType.FLOAT64 : DType.FLOAT32;
    }

    private static Operands operands(RuntimeSpec spec) {
        return Operands.valueOf(spec.precision().name());
    }

    /**
     * Checks that {@link #open} has what it needs on this machine, taking nothing of it: what is refused, is refused
     * before a run leaves anything behind.
     *
     * @throws ConfigException if the precision, the number of threads, or a GPU with its driver and libraries cannot be
     *     had, or this build does not have the backend
     */
    public static void requireUsable(RuntimeSpec spec) {
        if (spec.threads() < 1) {
            throw new ConfigException("runtime.threads: expected at least 1, found " + spec.threads());
        }
        requirePrecision(spec);
        switch (spec.backend()) {
            case CUDA -> DeviceProvider.find().requireUsable();
            case ND4J -> Nd4jBackend.requireUsable();
            case CPU -> Nd4jBackend.requireProcessorBuild();
        }
    }

    private static void requirePrecision(RuntimeSpec spec) {
        Precision wanted = spec.precision();
        Set<Precision> known = PRECISIONS.get(spec.backend());
        if (!known.contains(wanted)) {
            BackendName other = Stream.of(BackendName.values())
                    .filter(b -> PRECISIONS.get(b).contains(wanted))
                    .findFirst()
                    .orElseThrow();
            throw new ConfigException("runtime.precision: the " + lower(spec.backend()) + " backend computes in "
                    + known.stream().map(Backends::lower).collect(Collectors.joining(" or ")) + ", found "
                    + lower(wanted) + "; use runtime.backend: " + lower(other) + " for " + lower(wanted));
        }
    }

    private static String lower(Enum<?> name) {
        return name.name().toLowerCase(Locale.ROOT);
    }
}
