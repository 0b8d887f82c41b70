// A stand-in for the NVIDIA driver and cuBLAS on the emulated kernels, so that what calls them is run without a GPU.
// Handles are numbers, device memory is the host's, and a kernel is found by its name whatever code was loaded.
// Included after emulation.cc. Values of CUdevice_attribute and of the launch markers are those of cuda.h.

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unistd.h>

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

// Handles, as far as calls are told apart by them.
#define CONTEXT ((void*)1)
#define STREAM ((void*)2)
#define INVALID_VALUE 1
#define INVALID_CONTEXT 201
#define INVALID_HANDLE 400
#define WRONG_THREAD 908
#define ILLEGAL_ADDRESS 700

// The context is one thread's at a time; what cannot be recovered from, every later call tells.
static thread_local void* current;
static std::atomic<int> fault;

#define USE_CONTEXT                    \
    if (current != CONTEXT) {          \
        return INVALID_CONTEXT;        \
    }                                  \
    if (fault) {                       \
        return fault;                  \
    }

// The default stream would wait for everything, and be refused while another is captured.
#define USE_STREAM(stream)             \
    USE_CONTEXT                        \
    if ((stream) != STREAM) {          \
        return INVALID_HANDLE;         \
    }

// A stream that is being captured keeps what it is given; what it cannot keep makes the capture invalid.
#define CAPTURE_UNSUPPORTED 900
#define CAPTURE_INVALIDATED 901
typedef std::function<int()> Call;
static bool capturing;
static bool captureInvalid;
static std::thread::id capturedBy;
static std::vector<Call> captured;

// The stream does nothing before somebody waits for it, or more is queued than it holds: what the host reads too early
// is not there yet, and what it writes over too early is never copied.
#define DEPTH 1024
static std::recursive_mutex lock;
static std::deque<Call> pending;
static long issued;
static long done;

static void runUntil(long mark) {
    std::lock_guard<std::recursive_mutex> held(lock);
    while (done < mark) {
        Call call = pending.front();
        pending.pop_front();
        done++;
        int error = fault ? 0 : call();
        if (error) {
            fault = error;
        }
    }
}

static int queue(Call call) {
    if (capturing) {
        captured.push_back(call);
        return 0;
    }
    std::lock_guard<std::recursive_mutex> held(lock);
    pending.push_back(call);
    issued++;
    runUntil(issued - DEPTH);
    return 0;
}

// Whether this thread may not do what synchronizes or allocates: thread-local mode leaves others alone.
static bool prohibited() {
    return capturing && std::this_thread::get_id() == capturedBy;
}

static int unsupported() {
    captureInvalid = true;
    return CAPTURE_UNSUPPORTED;
}

#define NOT_WHILE_CAPTURING            \
    if (prohibited()) {                \
        return unsupported();          \
    }

static int number(const char* variable, int otherwise) {
    const char* text = getenv(variable);
    return text ? atoi(text) : otherwise;
}

extern "C" {

int cuInit(unsigned int) {
    for (int& shared : allowedShared) {
        shared = PLAIN_SHARED;
    }
    return getenv("WINDTUNNEL_NO_DEVICE") ? 100 : 0;
}

int cuGetErrorName(int code, const char** name) {
    *name = code == 100 ? "CUDA_ERROR_NO_DEVICE" : code == ILLEGAL_ADDRESS ? "CUDA_ERROR_ILLEGAL_ADDRESS" : "CUDA_ERROR";
    return 0;
}

int cuGetErrorString(int code, const char** text) {
    *text = code == ILLEGAL_ADDRESS ? "an illegal memory access was encountered" : "an error";
    return 0;
}

int cuDriverGetVersion(int* version) {
    *version = number("WINDTUNNEL_DRIVER", 13000);
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
            *value = number("WINDTUNNEL_CAPABILITY", 90) / 10;
            return 0;
        case ATTRIBUTE_MINOR:
            *value = number("WINDTUNNEL_CAPABILITY", 90) % 10;
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
    *context = CONTEXT;
    return 0;
}

int cuDevicePrimaryCtxRelease_v2(int) {
    return 0;
}

int cuCtxSetCurrent(void* context) {
    current = context;
    return 0;
}

int cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
    USE_CONTEXT
    *free = CARD_BYTES - inUse;
    *total = CARD_BYTES;
    return 0;
}

int cuMemAlloc_v2(unsigned long long* address, std::size_t bytes) {
    USE_CONTEXT
    NOT_WHILE_CAPTURING
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
    USE_CONTEXT
    NOT_WHILE_CAPTURING
    runUntil(issued);
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

static std::vector<std::pair<char*, std::size_t>> pinned;

int cuMemAllocHost_v2(void** memory, std::size_t bytes) {
    USE_CONTEXT
    NOT_WHILE_CAPTURING
    *memory = malloc(bytes);
    pinned.push_back({(char*)*memory, bytes});
    return 0;
}

int cuMemFreeHost(void* memory) {
    NOT_WHILE_CAPTURING
    runUntil(issued);
    free(memory);
    pinned.clear();
    return 0;
}

static bool within(const std::vector<std::pair<char*, std::size_t>>& all, const void* address, std::size_t bytes) {
    for (auto& a : all) {
        if ((char*)address >= a.first && (char*)address + bytes <= a.first + a.second) {
            return true;
        }
    }
    return false;
}

// Whether a range lies in one allocation.
static bool owned(unsigned long long address, std::size_t bytes) {
    return within(allocations, (void*)address, bytes);
}

// A driver would take host memory that is not page-locked, and wait; a capture would keep its address.
int cuMemcpyHtoDAsync_v2(unsigned long long to, const void* from, std::size_t bytes, void* stream) {
    USE_STREAM(stream)
    NOT_WHILE_CAPTURING
    if (!owned(to, bytes) || !within(pinned, from, bytes)) {
        return INVALID_VALUE;
    }
    return queue([=] {
        memcpy((void*)to, from, bytes);
        return 0;
    });
}

int cuMemcpyDtoHAsync_v2(void* to, unsigned long long from, std::size_t bytes, void* stream) {
    USE_STREAM(stream)
    NOT_WHILE_CAPTURING
    if (!owned(from, bytes) || !within(pinned, to, bytes)) {
        return INVALID_VALUE;
    }
    return queue([=] {
        memcpy(to, (void*)from, bytes);
        return 0;
    });
}

int cuMemcpyDtoDAsync_v2(unsigned long long to, unsigned long long from, std::size_t bytes, void* stream) {
    USE_STREAM(stream)
    if (!owned(to, bytes) || !owned(from, bytes)) {
        return INVALID_VALUE;
    }
    return queue([=] {
        memmove((void*)to, (void*)from, bytes);
        return 0;
    });
}

int cuMemsetD8Async(unsigned long long at, unsigned char value, std::size_t bytes, void* stream) {
    USE_STREAM(stream)
    if (!owned(at, bytes)) {
        return INVALID_VALUE;
    }
    return queue([=] {
        memset((void*)at, value, bytes);
        return 0;
    });
}

// Not blocking, so that nothing waits for the default stream.
int cuStreamCreate(void** stream, unsigned int flags) {
    USE_CONTEXT
    *stream = STREAM;
    return flags == 1 ? 0 : INVALID_VALUE;
}

// Of a stream that is being captured, whoever asks.
int cuStreamSynchronize(void* stream) {
    USE_STREAM(stream)
    if (capturing) {
        return unsupported();
    }
    runUntil(issued);
    return fault;
}

int cuStreamBeginCapture_v2(void* stream, int mode) {
    USE_STREAM(stream)
    if (capturing || mode != 1) {
        return INVALID_VALUE;
    }
    capturing = true;
    capturedBy = std::this_thread::get_id();
    captureInvalid = getenv("WINDTUNNEL_NO_CAPTURE") != nullptr;
    captured.clear();
    return 0;
}

int cuStreamEndCapture(void* stream, void** graph) {
    USE_STREAM(stream)
    if (!capturing) {
        return INVALID_VALUE;
    }
    if (std::this_thread::get_id() != capturedBy) {
        return WRONG_THREAD;
    }
    capturing = false;
    *graph = captureInvalid ? nullptr : new std::vector<Call>(captured);
    return captureInvalid ? CAPTURE_INVALIDATED : 0;
}

// Replays that are queued outlive their graph.
typedef std::shared_ptr<std::vector<Call>> Executable;

int cuGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long) {
    USE_CONTEXT
    *executable = new Executable(new std::vector<Call>(*(std::vector<Call>*)graph));
    return 0;
}

int cuGraphDestroy(void* graph) {
    delete (std::vector<Call>*)graph;
    return 0;
}

// With WINDTUNNEL_FAULT the name of a file that is not there, the fourth graph makes it and the card is lost, as later
// calls tell.
static bool faultIsDue() {
    static int launched;
    const char* file = getenv("WINDTUNNEL_FAULT");
    if (!file || ++launched < 4 || access(file, F_OK) == 0) {
        return false;
    }
    fclose(fopen(file, "w"));
    return true;
}

int cuGraphLaunch(void* executable, void* stream) {
    USE_STREAM(stream)
    NOT_WHILE_CAPTURING
    if (faultIsDue()) {
        return queue([] { return ILLEGAL_ADDRESS; });
    }
    if (getenv("WINDTUNNEL_COUNT_GRAPHS")) {
        fprintf(stderr, "stand-in: graph launched\n");
    }
    Executable calls = *(Executable*)executable;
    return queue([=] {
        for (auto& call : *calls) {
            int error = call();
            if (error) {
                return error;
            }
        }
        return 0;
    });
}

int cuGraphExecDestroy(void* executable) {
    delete (Executable*)executable;
    return 0;
}

// What had been queued when an event was recorded last.
static std::map<void*, long> marks;

int cuEventCreate(void** event, unsigned int) {
    USE_CONTEXT
    *event = malloc(1);
    return 0;
}

int cuEventRecord(void* event, void* stream) {
    USE_STREAM(stream)
    NOT_WHILE_CAPTURING
    std::lock_guard<std::recursive_mutex> held(lock);
    marks[event] = issued;
    return 0;
}

int cuEventSynchronize(void* event) {
    USE_CONTEXT
    NOT_WHILE_CAPTURING
    std::lock_guard<std::recursive_mutex> held(lock);
    runUntil(marks[event]);
    return fault;
}

int cuEventElapsedTime_v2(float* millis, void*, void*) {
    *millis = 0.5f;
    return 0;
}

int cuEventDestroy_v2(void* event) {
    std::lock_guard<std::recursive_mutex> held(lock);
    marks.erase(event);
    free(event);
    return 0;
}

int cuStreamDestroy_v2(void*) {
    return 0;
}

int cuModuleLoadData(void** module, const void* image) {
    USE_CONTEXT
    NOT_WHILE_CAPTURING
    if (!image) {
        return INVALID_VALUE;
    }
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
    USE_CONTEXT
    if (attribute != 8 || value > SHARED_BYTES) {
        return INVALID_VALUE;
    }
    allowedShared[(long)function] = value;
    return 0;
}

int cuLaunchKernel(
        void* function, unsigned int x, unsigned int y, unsigned int z, unsigned int threads, unsigned int threadsY,
        unsigned int threadsZ, unsigned int sharedBytes, void* stream, void** parameters, void** extra) {
    USE_STREAM(stream)
    if (parameters || threadsY != 1 || threadsZ != 1 || (int)sharedBytes > allowedShared[(long)function]) {
        return INVALID_VALUE;
    }
    if (x == 0 || x > 0x7fffffffu || y == 0 || y > 65535 || z == 0 || z > 65535 || threads == 0 || threads > 1024) {
        return INVALID_VALUE;
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

#define BLAS_NOT_INITIALIZED 1
#define BLAS_INVALID_VALUE 7
#define BLAS_EXECUTION_FAILED 13
#define BLAS_WORKSPACE_ALIGNMENT 256

static bool blasStream;
static bool blasWorkspace;
static bool blasSumsExactly;

int cublasCreate_v2(void** context) {
    *context = (void*)4;
    return current == CONTEXT && !fault ? 0 : BLAS_NOT_INITIALIZED;
}

int cublasDestroy_v2(void*) {
    return 0;
}

// "unconditionally resets the cuBLAS library workspace back to the default workspace pool"
int cublasSetStream_v2(void*, void* stream) {
    blasStream = stream == STREAM;
    blasWorkspace = false;
    return 0;
}

int cublasSetWorkspace_v2(void*, void* workspace, std::size_t bytes) {
    blasWorkspace = owned((unsigned long long)workspace, bytes)
            && (unsigned long long)workspace % BLAS_WORKSPACE_ALIGNMENT == 0;
    return blasWorkspace ? 0 : BLAS_INVALID_VALUE;
}

// Whether all matrices of an operand lie in one allocation, at addresses that its type allows.
static bool operandOwned(
        const void* at, int rows, int columns, int ld, long long stride, int batch, std::size_t elementBytes) {
    if (rows == 0 || columns == 0 || batch == 0) {
        return true;
    }
    std::size_t last = (std::size_t)(batch - 1) * stride + (std::size_t)(columns - 1) * ld + rows;
    return (unsigned long long)at % elementBytes == 0 && stride >= 0
            && owned((unsigned long long)at, last * elementBytes);
}

int cublasSetMathMode(void*, int mode) {
    blasSumsExactly = mode == 16;
    return 0;
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
    // Without a workspace of its own, cuBLAS allocates, and sums in an order of its choice.
    if (current != CONTEXT || !blasStream || !blasWorkspace) {
        return BLAS_NOT_INITIALIZED;
    }
    if (fault) {
        return BLAS_EXECUTION_FAILED;
    }
    std::size_t bytes = typeA == 14 ? 2 : 4;
    if (m < 0 || n < 0 || k < 0 || batch < 0 || lda < 1 || ldb < 1 || ldc < 1 || (batch > 1 && strideC == 0)
            || !operandOwned(a, transA ? k : m, transA ? m : k, lda, strideA, batch, bytes)
            || !operandOwned(b, transB ? n : k, transB ? k : n, ldb, strideB, batch, bytes)
            || !operandOwned(c, m, n, ldc, strideC, batch, typeC == 14 ? 2 : 4)) {
        return BLAS_INVALID_VALUE;
    }
    // In bf16, partial sums would be, too, unless that is disallowed.
    bool typeOfC = typeC == 0 || (typeC == 14 && bf16 && blasSumsExactly && *(const float*)beta == 0);
    if (typeA != typeB || (!bf16 && typeA != 0) || !typeOfC || (compute != 68 && !tf32) || algorithm != -1
            || lda < (transA ? k : m) || ldb < (transB ? n : k) || ldc < m) {
        return BLAS_INVALID_VALUE;
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
                    storeProduct(c, p * strideC + (long)j * ldc + i, typeC == 14, scale * sum, keep);
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
