package org.windtunnel.backend.cuda;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.windtunnel.backend.ImageKernels;
import org.windtunnel.backend.LateFigures;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.backend.RepeatedWork;
import org.windtunnel.backend.WorkTimes;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Storage;
import org.windtunnel.tensor.StoragePolicy;

/**
 * The GPU backend; how it works is described at {@link org.windtunnel.backend.cuda}.
 *
 * <p>Norms, softmax, loss and updates are fp32 whatever the operands of matrix products are, and so is all memory but
 * that of bf16 operands. Those of attention round as others do, where tensor cores do them ({@code AttentionTiles}).
 */
public final class CudaBackend extends CudaLayers {
    /** Reservations are larger by this part, for the alignment of tensors. */
    private static final int ROUNDING = 64;

    private final CudaOptimizers optimizers;
    private final CudaImages images;
    private final LateLosses late;
    private final boolean graphs;
    private final boolean whole;

    /**
     * Memory of a backend.
     *
     * @param bytes all of it
     * @param workspace of these, what lies between the kernels of a call
     */
    public record Footprint(long bytes, long workspace) {}

    /** With graphs. */
    public CudaBackend(Device device, Operands operands) {
        this(device, operands, true);
    }

    /**
     * Loads the kernels, compiling them for this card if that has not been done.
     *
     * @param device becomes this backend's, which closes it
     * @param operands how matrix products take their operands
     * @param graphs whether {@link #repeated} work is recorded as a CUDA graph and replayed, or queued call by call
     */
    public CudaBackend(Device device, Operands operands, boolean graphs) {
        this(device, operands, graphs, null);
    }

    /**
     * The same with all of its memory taken at once, in one piece.
     *
     * @param footprint what it takes; null for as much as turns out to be needed
     */
    public CudaBackend(Device device, Operands operands, boolean graphs, Footprint footprint) {
        super(device, operands, footprint);
        this.whole = footprint != null;
        optimizers = new CudaOptimizers(calls, gemm, workspace);
        images = new CudaImages(device, calls, workspace, operands);
        late = new LateLosses(device, calls, reductions);
        this.graphs = graphs;
    }

    @Override
    public String name() {
        return "cuda";
    }

    @Override
    public DType floatType() {
        return DType.FLOAT32;
    }

    /** How a backend with these operands keeps things. */
    public static StoragePolicy storagePolicy(Operands operands) {
        return new StoragePolicy(
                DType.FLOAT32, operands == Operands.BF16 ? DType.BFLOAT16 : DType.FLOAT32, false);
    }

    @Override
    public StoragePolicy storagePolicy() {
        return storagePolicy(operands);
    }

    @Override
    public Map<String, String> describe() {
        DeviceInfo card = device.info();
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("backend", "cuda");
        facts.put("gpu", card.name());
        facts.put("compute capability", card.capability());
        facts.put("multiprocessors", Integer.toString(card.multiprocessors()));
        facts.put("gpu memory", (card.totalBytes() >> 20) + " MiB");
        facts.put("cuda", card.software());
        facts.put("matrix products", operands.name().toLowerCase(Locale.ROOT));
        Card.of(card.name()).ifPresent(known -> facts.put("published peak", known.describe(operands)));
        return facts;
    }

    @Override
    public Storage allocate(DType dtype, long length) {
        return new CudaStorage(device, memory, dtype, length);
    }

    @Override
    public ImageKernels images() {
        return images;
    }

    @Override
    public OptimizerKernels optimizerKernels() {
        return optimizers;
    }

    @Override
    public OptionalLong freeDeviceBytes() {
        return OptionalLong.of(device.freeBytes());
    }

    @Override
    public OptionalDouble peakFlops() {
        return Card.of(device.info().name()).map(card -> card.peakFlops(operands)).orElse(OptionalDouble.empty());
    }

    @Override
    public boolean holdsARun() {
        return whole;
    }

    @Override
    public void reserve(long bytes) {
        if (!whole) {
            memory.reserve(bytes + bytes / ROUNDING);
        }
    }

    /** What it has taken at most of its one piece of memory. */
    public Footprint footprint() {
        return new Footprint(memory.most(), workspace.bytes());
    }

    @Override
    public RepeatedWork repeated(String what, Runnable work) {
        return graphs ? new Recording(device, workspace, what, work) : work::run;
    }

    @Override
    public LateFigures lateFigures() {
        return late;
    }

    @Override
    public Optional<WorkTimes> workTimes() {
        return Optional.ofNullable(device.workTimes());
    }

    @Override
    public void synchronize() {
        device.synchronize();
    }

    @Override
    public void close() {
        reductions.close();
        workspace.close();
        memory.close();
        device.close();
    }
}
