package org.windtunnel.backend.cuda.driver;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.cuda.cudart.CUctx_st;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUmod_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.windtunnel.backend.OutOfMemory;
import org.windtunnel.backend.WorkTimes;
import org.windtunnel.backend.cuda.Device;
import org.windtunnel.backend.cuda.DeviceException;
import org.windtunnel.backend.cuda.DeviceInfo;
import org.windtunnel.backend.cuda.KernelSource;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.config.ConfigException;
import org.windtunnel.tensor.DType;

/** The first visible NVIDIA GPU ({@code CUDA_VISIBLE_DEVICES} chooses), with one stream. */
public final class CudaDevice implements Device {
    /** Ten times the oldest compute capability that the libraries of CUDA 13 have code for, that of Turing. */
    private static final int OLDEST_CAPABILITY = 75;
    /** As the driver counts. */
    private static final int OLDEST_DRIVER = 13_000;
    /** Dynamic shared memory above this has to be asked for. */
    private static final int PLAIN_SHARED = 48 << 10;
    private static final int CU_STREAM_NON_BLOCKING = 1;

    private final int device;
    private final CUctx_st context = new CUctx_st();
    private final CUstream_st stream = new CUstream_st();
    private final KernelCompiler compiler;
    private final PinnedMemory pinned;
    private final Graphs graphs;
    private final EventTimes times;
    private final long workspace;
    private final Blas blas;
    private final DeviceInfo info;
    private final List<CUmod_st> modules = new ArrayList<>();
    private final List<Function> functions = new ArrayList<>();
    private final SizeTPointer argumentSize = new SizeTPointer(1);
    private final PointerPointer<Pointer> extra = new PointerPointer<>(5);
    private ByteBuffer arguments;
    /** In which threads the context is this device's. */
    private final ThreadLocal<Boolean> bound = ThreadLocal.withInitial(() -> false);

    /** A kernel, and the dynamic shared memory it has been allowed. */
    private static final class Function {
        private final String name;
        private final CUfunc_st handle;
        private int shared = PLAIN_SHARED;

        Function(String name, CUfunc_st handle) {
            this.name = name;
            this.handle = handle;
        }
    }

    /**
     * Opens the GPU.
     *
     * @throws ConfigException if there is none that can be used, with what is missing
     */
    public static CudaDevice open() {
        requireUsable();
        return new CudaDevice();
    }

    /**
     * Checks that there is a GPU that can be used, without taking anything of it.
     *
     * @throws ConfigException if there is none, with what is missing
     */
    public static void requireUsable() {
        try {
            CudaLibraries.load();
        } catch (NoClassDefFoundError e) {
            throw new ConfigException("runtime.backend: cuda cannot be used: " + CudaLibraries.explain(e), e);
        }
        int[] driver = new int[1];
        if (cudart.cuDriverGetVersion(driver) == 0 && driver[0] < OLDEST_DRIVER) {
            throw new ConfigException("runtime.backend: cuda needs an NVIDIA driver for CUDA 13 (580 or newer), found one for"
                    + " CUDA " + version(driver[0]) + "; update the driver, or use runtime.backend: cpu");
        }
        int started = cudart.cuInit(0);
        int[] count = new int[1];
        if (started != 0 || cudart.cuDeviceGetCount(count) != 0 || count[0] == 0) {
            throw new ConfigException("runtime.backend: cuda needs an NVIDIA GPU, found none ("
                    + (started == 0 ? "the driver lists no device" : Status.driverName(started))
                    + "); check nvidia-smi and CUDA_VISIBLE_DEVICES, or use runtime.backend: cpu");
        }
        requireCapability(first());
    }

    private static int first() {
        int[] number = new int[1];
        Status.driver(cudart.cuDeviceGet(number, 0), "opening the GPU");
        return number[0];
    }

    private CudaDevice() {
        device = first();
        Status.driver(cudart.cuDevicePrimaryCtxRetain(context, device), "opening the GPU");
        bind();
        Status.driver(cudart.cuStreamCreate(stream, CU_STREAM_NON_BLOCKING), "creating a stream");
        compiler = new KernelCompiler();
        pinned = new PinnedMemory(stream);
        graphs = new Graphs(stream);
        times = new EventTimes(stream);
        workspace = allocate(Blas.WORKSPACE);
        blas = new Blas(stream, workspace);
        info = describe();
    }

    private static void requireCapability(int device) {
        int found = capability(device);
        if (found < OLDEST_CAPABILITY) {
            throw new ConfigException("runtime.backend: cuda needs a GPU of compute capability 7.5 or newer, which CUDA 13"
                    + " serves, found " + name(device) + " with " + found / 10 + "." + found % 10
                    + "; use runtime.backend: cpu");
        }
    }

    /** Ten times it. */
    private static int capability(int device) {
        return 10 * attribute(device, cudart.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
                + attribute(device, cudart.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    }

    private static String version(int ofDriver) {
        return ofDriver / 1000 + "." + ofDriver % 1000 / 10;
    }

    private static int attribute(int device, int which) {
        int[] value = new int[1];
        Status.driver(cudart.cuDeviceGetAttribute(value, which, device), "asking the GPU for its properties");
        return value[0];
    }

    private static String name(int device) {
        byte[] text = new byte[256];
        Status.driver(cudart.cuDeviceGetName(text, text.length, device), "asking the GPU for its name");
        return new String(text, StandardCharsets.UTF_8).split("\0", 2)[0];
    }

    private DeviceInfo describe() {
        int[] driver = new int[1];
        Status.driver(cudart.cuDriverGetVersion(driver), "asking the driver for its version");
        try (SizeTPointer total = new SizeTPointer(1)) {
            Status.driver(cudart.cuDeviceTotalMem(total, device), "asking the GPU for its memory");
            return new DeviceInfo(
                    name(device),
                    attribute(device, cudart.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
                    attribute(device, cudart.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
                    attribute(device, cudart.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
                    total.get(),
                    attribute(device, cudart.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
                    "driver for CUDA " + version(driver[0]) + ", NVRTC "
                            + compiler.version() + ", cuBLAS " + blas.version());
        }
    }

    /** CUDA's calls apply to the context of their thread. */
    private void bind() {
        if (!bound.get()) {
            Status.driver(cudart.cuCtxSetCurrent(context), "using the GPU in this thread");
            bound.set(true);
        }
    }

    @Override
    public DeviceInfo info() {
        return info;
    }

    @Override
    public long freeBytes() {
        bind();
        try (SizeTPointer free = new SizeTPointer(1);
                SizeTPointer total = new SizeTPointer(1)) {
            Status.driver(cudart.cuMemGetInfo(free, total), "asking the GPU for its free memory");
            return free.get();
        }
    }

    @Override
    public long allocate(long bytes) {
        bind();
        graphs.requireNoCapture("taking memory");
        long[] address = new long[1];
        int status = cudart.cuMemAlloc(address, bytes);
        if (status == Status.OUT_OF_MEMORY) {
            throw new OutOfMemory("the GPU has no " + (bytes >> 20) + " MiB in one piece left, of "
                    + (freeBytes() >> 20) + " MiB free", null);
        }
        Status.driver(status, "allocating " + bytes + " bytes on the GPU");
        return address[0];
    }

    @Override
    public void free(long address) {
        synchronize();
        Status.driver(cudart.cuMemFree(address), "freeing memory of the GPU");
    }

    @Override
    public int transferBytes() {
        return PinnedMemory.TRANSFER;
    }

    @Override
    public ByteBuffer staging(int bytes) {
        bind();
        graphs.requireNoCapture("a copy to the GPU");
        return pinned.staging(bytes);
    }

    @Override
    public void upload(ByteBuffer staged, long to) {
        bind();
        pinned.upload(staged.capacity(), to);
    }

    @Override
    public ByteBuffer download(long from, int bytes) {
        bind();
        graphs.requireNoCapture("a copy from the GPU");
        return pinned.download(from, bytes);
    }

    @Override
    public void send(long from, int bytes, int slot) {
        bind();
        graphs.requireNoCapture("a copy from the GPU");
        pinned.send(from, bytes, slot);
    }

    @Override
    public ByteBuffer receive(int slot) {
        bind();
        return pinned.receive(slot);
    }

    @Override
    public void beginRecording() {
        bind();
        graphs.begin();
    }

    @Override
    public long endRecording() {
        bind();
        return graphs.end();
    }

    @Override
    public void replay(long recording) {
        bind();
        graphs.launch(recording);
    }

    @Override
    public void forget(long recording) {
        bind();
        graphs.forget(recording);
    }

    @Override
    public void copy(long from, long to, long bytes) {
        if (bytes > 0) {
            bind();
            times.before("copy");
            Status.driver(cudart.cuMemcpyDtoDAsync(to, from, bytes, stream), "copying within the GPU");
            times.after();
        }
    }

    @Override
    public void clear(long at, long bytes) {
        if (bytes > 0) {
            bind();
            times.before("zeros");
            Status.driver(cudart.cuMemsetD8Async(at, (byte) 0, bytes, stream), "clearing memory of the GPU");
            times.after();
        }
    }

    @Override
    public void load(List<KernelSource> sources) {
        bind();
        int capability = capability(device);
        for (KernelSource source : sources) {
            CUmod_st module = new CUmod_st();
            try (BytePointer code = new BytePointer(compiler.compile(source, capability))) {
                Status.driver(cudart.cuModuleLoadData(module, code), "loading the kernels of " + source.name());
            }
            modules.add(module);
        }
    }

    @Override
    public long kernel(String name) {
        bind();
        for (CUmod_st module : modules) {
            CUfunc_st handle = new CUfunc_st();
            if (cudart.cuModuleGetFunction(handle, module, name) == 0) {
                functions.add(new Function(name, handle));
                return functions.size() - 1;
            }
        }
        throw new DeviceException("there is no kernel " + name);
    }

    @Override
    public void launch(
            long kernel,
            int gridX,
            int gridY,
            int gridZ,
            int threads,
            int sharedBytes,
            ByteBuffer packed,
            int argumentBytes,
            long addresses) {
        bind();
        Function function = functions.get((int) kernel);
        if (sharedBytes > function.shared) {
            Status.driver(
                    cudart.cuFuncSetAttribute(
                            function.handle, cudart.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, sharedBytes),
                    function.name + ": asking for " + sharedBytes + " bytes of shared memory");
            function.shared = sharedBytes;
        }
        pointTo(packed);
        argumentSize.put(argumentBytes);
        times.before(function.name);
        int status = cudart.cuLaunchKernel(
                function.handle, gridX, gridY, gridZ, threads, 1, 1, sharedBytes, stream, null, extra);
        if (status != 0) {
            Status.driver(status, "launching " + function.name);
        }
        times.after();
    }

    /** Arguments travel as one buffer, which the driver copies before the launch returns. */
    private void pointTo(ByteBuffer packed) {
        if (packed != arguments) {
            arguments = packed;
            extra.put(0, cudart.CU_LAUNCH_PARAM_BUFFER_POINTER());
            extra.put(1, new BytePointer(packed.duplicate().clear()));
            extra.put(2, cudart.CU_LAUNCH_PARAM_BUFFER_SIZE());
            extra.put(3, argumentSize);
            extra.put(4, cudart.CU_LAUNCH_PARAM_END());
        }
    }

    @Override
    public void gemm(
            Operands operands,
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            float alpha,
            long a,
            int lda,
            long strideA,
            long b,
            int ldb,
            long strideB,
            float beta,
            long c,
            DType typeC,
            int ldc,
            long strideC,
            int batch) {
        bind();
        if (times.areTaken()) {
            times.before("product " + m + " x " + n + " x " + k + (batch > 1 ? ", batch of " + batch : ""));
        }
        blas.gemm(operands, transA, transB, m, n, k, alpha, a, lda, strideA, b, ldb, strideB, beta, c, typeC, ldc,
                strideC, batch);
        times.after();
    }

    @Override
    public WorkTimes workTimes() {
        return times;
    }

    @Override
    public void synchronize() {
        bind();
        graphs.requireNoCapture("waiting");
        Status.driver(cudart.cuStreamSynchronize(stream), "waiting for the GPU");
    }

    @Override
    public void close() {
        bind();
        cudart.cuStreamSynchronize(stream);
        graphs.close();
        times.close();
        blas.close();
        cudart.cuMemFree(workspace);
        pinned.close();
        modules.forEach(cudart::cuModuleUnload);
        cudart.cuStreamDestroy(stream);
        cudart.cuDevicePrimaryCtxRelease(device);
    }
}
