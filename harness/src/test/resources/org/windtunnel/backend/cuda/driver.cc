// A stand-in for the NVIDIA driver and cuBLAS on the emulated kernels, so that what calls them is run without a GPU.
// Handles are numbers, device memory is the host's, and a kernel is found by its name whatever code was loaded.
// Included after emulation.cc. Values of CUdevice_attribute and of the launch markers are those of cuda.h.

#include <functional>

#define ATTRIBUTE_MULTIPROCESSORS 16
#define ATTRIBUTE_MAJOR 75
#define ATTRIBUTE_MINOR 76
#define ATTRIBUTE_SHARED_OPTIN 97
#define OUT_OF_MEMORY 2
#define NOT_FOUND 500
#define LAUNCH_FAILED 719

static const std::size_t CARD_BYTES = 1l << 30;
static const int SHARED_BYTES = 163 << 10;
static const int PLAIN_SHARED = 48 << 10;
static std::size_t inUse;
static std::vector<std::pair<char*, std::size_t>> allocations;
static int allowedShared[1024];

// A stream that is being captured keeps what it is given; what it cannot keep makes the capture invalid.
#define CAPTURE_UNSUPPORTED 900
#define CAPTURE_INVALIDATED 901
typedef std::function<int()> Call;
static bool capturing;
static bool captureInvalid;
static std::vector<Call> captured;

static int queue(Call call) {
    if (capturing) {
        captured.push_back(call);
        return 0;
    }
    return call();
}

static int unsupported() {
    captureInvalid = true;
    return CAPTURE_UNSUPPORTED;
}

extern "C" {

int cuInit(unsigned int) {
    for (int& shared : allowedShared) {
        shared = PLAIN_SHARED;
    }
    return getenv("WINDTUNNEL_NO_DEVICE") ? 100 : 0;
}

int cuGetErrorName(int code, const char** name) {
    *name = code == 100 ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR";
    return 0;
}

int cuDriverGetVersion(int* version) {
    *version = 13000;
    return 0;
}

// NVIDIA's own NVRTC asks for this, and takes no for an answer.
int cuGetExportTable(const void** table, const void*) {
    *table = nullptr;
    return NOT_FOUND;
}

int cuDeviceGetCount(int* count) {
    *count = 1;
    return 0;
}

int cuDeviceGet(int* device, int) {
    *device = 0;
    return 0;
}

int cuDeviceGetName(char* name, int length, int) {
    snprintf(name, length, "stand-in");
    return 0;
}

int cuDeviceGetAttribute(int* value, int attribute, int) {
    switch (attribute) {
        case ATTRIBUTE_MAJOR:
            *value = 9;
            return 0;
        case ATTRIBUTE_MINOR:
            *value = 0;
            return 0;
        case ATTRIBUTE_MULTIPROCESSORS:
            *value = 1;
            return 0;
        case ATTRIBUTE_SHARED_OPTIN:
            *value = SHARED_BYTES;
            return 0;
        default:
            return 1;
    }
}

int cuDeviceTotalMem_v2(std::size_t* bytes, int) {
    *bytes = CARD_BYTES;
    return 0;
}

int cuDevicePrimaryCtxRetain(void** context, int) {
    *context = (void*)1;
    return 0;
}

int cuDevicePrimaryCtxRelease_v2(int) {
    return 0;
}

int cuCtxSetCurrent(void*) {
    return 0;
}

int cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
    *free = CARD_BYTES - inUse;
    *total = CARD_BYTES;
    return 0;
}

int cuMemAlloc_v2(unsigned long long* address, std::size_t bytes) {
    if (capturing) {
        return unsupported();
    }
    if (bytes == 0 || inUse + bytes > CARD_BYTES) {
        return bytes == 0 ? 1 : OUT_OF_MEMORY;
    }
    char* memory = (char*)aligned_alloc(256, (bytes + 255) / 256 * 256);
    memset(memory, 0xff, bytes);
    allocations.push_back({memory, bytes});
    inUse += bytes;
    *address = (unsigned long long)memory;
    return 0;
}

int cuMemFree_v2(unsigned long long address) {
    for (auto at = allocations.begin(); at != allocations.end(); ++at) {
        if (at->first == (char*)address) {
            inUse -= at->second;
            free(at->first);
            allocations.erase(at);
            return 0;
        }
    }
    return 1;
}

int cuMemAllocHost_v2(void** memory, std::size_t bytes) {
    *memory = malloc(bytes);
    return 0;
}

int cuMemFreeHost(void* memory) {
    free(memory);
    return 0;
}

// Whether a range lies in one allocation.
static bool owned(unsigned long long address, std::size_t bytes) {
    for (auto& a : allocations) {
        if ((char*)address >= a.first && (char*)address + bytes <= a.first + a.second) {
            return true;
        }
    }
    return false;
}

int cuMemcpyHtoDAsync_v2(unsigned long long to, const void* from, std::size_t bytes, void*) {
    if (!owned(to, bytes)) {
        return 1;
    }
    memcpy((void*)to, from, bytes);
    return 0;
}

int cuMemcpyDtoHAsync_v2(void* to, unsigned long long from, std::size_t bytes, void*) {
    if (!owned(from, bytes)) {
        return 1;
    }
    memcpy(to, (void*)from, bytes);
    return 0;
}

int cuMemcpyDtoDAsync_v2(unsigned long long to, unsigned long long from, std::size_t bytes, void*) {
    if (!owned(to, bytes) || !owned(from, bytes)) {
        return 1;
    }
    return queue([=] {
        memmove((void*)to, (void*)from, bytes);
        return 0;
    });
}

int cuMemsetD8Async(unsigned long long at, unsigned char value, std::size_t bytes, void*) {
    if (!owned(at, bytes)) {
        return 1;
    }
    return queue([=] {
        memset((void*)at, value, bytes);
        return 0;
    });
}

int cuStreamCreate(void** stream, unsigned int) {
    *stream = (void*)2;
    return 0;
}

int cuStreamSynchronize(void*) {
    return capturing ? unsupported() : 0;
}

int cuStreamBeginCapture_v2(void*, int mode) {
    if (capturing || mode != 1) {
        return 1;
    }
    capturing = true;
    captureInvalid = getenv("WINDTUNNEL_NO_CAPTURE") != nullptr;
    captured.clear();
    return 0;
}

int cuStreamEndCapture(void*, void** graph) {
    if (!capturing) {
        return 1;
    }
    capturing = false;
    *graph = captureInvalid ? nullptr : new std::vector<Call>(captured);
    return captureInvalid ? CAPTURE_INVALIDATED : 0;
}

int cuGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long) {
    *executable = new std::vector<Call>(*(std::vector<Call>*)graph);
    return 0;
}

int cuGraphDestroy(void* graph) {
    delete (std::vector<Call>*)graph;
    return 0;
}

int cuGraphLaunch(void* executable, void*) {
    for (auto& call : *(std::vector<Call>*)executable) {
        int error = call();
        if (error) {
            return error;
        }
    }
    if (getenv("WINDTUNNEL_COUNT_GRAPHS")) {
        fprintf(stderr, "stand-in: graph launched\n");
    }
    return 0;
}

int cuGraphExecDestroy(void* executable) {
    delete (std::vector<Call>*)executable;
    return 0;
}

int cuEventCreate(void** event, unsigned int) {
    *event = (void*)5;
    return 0;
}

int cuEventRecord(void*, void*) {
    return 0;
}

int cuEventSynchronize(void*) {
    return 0;
}

int cuEventElapsedTime_v2(float* millis, void*, void*) {
    *millis = 0.5f;
    return 0;
}

int cuEventDestroy_v2(void*) {
    return 0;
}

int cuStreamDestroy_v2(void*) {
    return 0;
}

int cuModuleLoadData(void** module, const void*) {
    *module = (void*)3;
    return 0;
}

int cuModuleUnload(void*) {
    return 0;
}

int cuModuleGetFunction(void** function, void*, const char* name) {
    *function = (void*)emulation_kernel(name);
    return *function ? 0 : NOT_FOUND;
}

int cuFuncSetAttribute(void* function, int attribute, int value) {
    if (attribute != 8 || value > SHARED_BYTES) {
        return 1;
    }
    allowedShared[(long)function] = value;
    return 0;
}

int cuLaunchKernel(
        void* function, unsigned int x, unsigned int y, unsigned int z, unsigned int threads, unsigned int threadsY,
        unsigned int threadsZ, unsigned int sharedBytes, void*, void** parameters, void** extra) {
    if (parameters || threadsY != 1 || threadsZ != 1 || (int)sharedBytes > allowedShared[(long)function]) {
        return 1;
    }
    // {1, buffer, 2, address of its size, 0}
    if (extra[0] != (void*)1 || extra[2] != (void*)2 || extra[4] != nullptr) {
        return 1;
    }
    std::size_t bytes = *(std::size_t*)extra[3];
    std::vector<char> arguments((const char*)extra[1], (const char*)extra[1] + bytes);
    return queue([=] {
        return emulation_launch((long)function, x, y, z, threads, sharedBytes, arguments.data(), bytes) ? LAUNCH_FAILED : 0;
    });
}

int cublasCreate_v2(void** context) {
    *context = (void*)4;
    return 0;
}

int cublasDestroy_v2(void*) {
    return 0;
}

int cublasSetStream_v2(void*, void*) {
    return 0;
}

int cublasSetWorkspace_v2(void*, void* workspace, std::size_t bytes) {
    return owned((unsigned long long)workspace, bytes) ? 0 : 7;
}

int cublasGetVersion_v2(void*, int* version) {
    *version = 130000;
    return 0;
}

const char* cublasGetStatusString(int) {
    return "CUBLAS_STATUS";
}

// Column-major, as cuBLAS documents it.
int cublasGemmStridedBatchedEx(
        void*, int transA, int transB, int m, int n, int k, const void* alpha, const void* a, int typeA, int lda,
        long long strideA, const void* b, int typeB, int ldb, long long strideB, const void* beta, void* c, int typeC,
        int ldc, long long strideC, int batch, int compute, int algorithm) {
    bool bf16 = typeA == 14;
    bool tf32 = compute == 77;
    if (typeA != typeB || (!bf16 && typeA != 0) || typeC != 0 || (compute != 68 && !tf32) || algorithm != -1
            || lda < (transA ? k : m) || ldb < (transB ? n : k) || ldc < m) {
        return 7;
    }
    int type = bf16 ? 2 : tf32 ? 1 : 0;
    float scale = *(const float*)alpha;
    float keep = *(const float*)beta;
    return queue([=] {
        for (int p = 0; p < batch; p++) {
            for (int j = 0; j < n; j++) {
                for (int i = 0; i < m; i++) {
                    double sum = 0;
                    for (int l = 0; l < k; l++) {
                        sum += (double)operand(a, p * strideA + (transA ? (long)i * lda + l : (long)l * lda + i), type)
                                * operand(b, p * strideB + (transB ? (long)l * ldb + j : (long)j * ldb + l), type);
                    }
                    float* to = (float*)c + p * strideC + (long)j * ldc + i;
                    *to = (float)(keep == 0 ? scale * sum : scale * sum + (double)keep * *to);
                }
            }
        }
        return 0;
    });
}

int cublasGemmEx(
        void* context, int transA, int transB, int m, int n, int k, const void* alpha, const void* a, int typeA, int lda,
        const void* b, int typeB, int ldb, const void* beta, void* c, int typeC, int ldc, int compute, int algorithm) {
    return cublasGemmStridedBatchedEx(context, transA, transB, m, n, k, alpha, a, typeA, lda, 0, b, typeB, ldb, 0, beta,
            c, typeC, ldc, 0, 1, compute, algorithm);
}

}  // extern "C"
