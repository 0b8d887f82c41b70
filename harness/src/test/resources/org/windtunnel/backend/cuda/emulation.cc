// The scheduler behind emulation.h, and what EmulatedDevice calls. Included after the kernels and their table.

namespace emulation {

static const std::size_t STACK = 128 << 10;
static const unsigned int WARP_LANES = 32;

Fiber* current;
Index block;
Index grid;
Index threads;
float* dynamicShared;
Error fault;
Registers registers[2][32][32];

static void* scheduler;
static const Kernel* running;
static const char* arguments;
static std::vector<Fiber> fibers;
static std::vector<float> sharedMemory;
static bool backwards;

// Saves the callee-saved registers on this stack and goes on with those of another.
extern "C" void windtunnel_switch(void** save, void* load);
asm(R"(
    .text
    .globl windtunnel_switch
    .type windtunnel_switch, @function
windtunnel_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size windtunnel_switch, .-windtunnel_switch
)");

void wait(Waiting state) {
    current->state = state;
    windtunnel_switch(&current->stack, scheduler);
}

static void body() {
    running->call(running->function, arguments);
    wait(DONE);
    abort();
}

static void start(Fiber& fiber, unsigned int x) {
    void** top = (void**)(fiber.memory + STACK);
    *--top = nullptr;         // keeps the alignment that a called function expects
    *--top = (void*)body;     // where the switch returns to
    top -= 6;                 // registers
    fiber.stack = top;
    fiber.state = RUNNING;
    fiber.thread = {x, 0, 0};
    fiber.products = 0;
}

// Lets a warp go on whose lanes all wait at a shuffle; false if one of them asks a lane that is not there.
static bool releaseWarp(Fiber* lanes, unsigned int count, bool& released) {
    unsigned int waiting = 0;
    unsigned int alive = 0;
    for (unsigned int i = 0; i < count; i++) {
        waiting += lanes[i].state == AT_SHUFFLE;
        alive += lanes[i].state != DONE;
    }
    if (waiting == 0 || waiting < alive) {
        return true;
    }
    uint64_t values[WARP_LANES];
    for (unsigned int i = 0; i < count; i++) {
        values[i] = lanes[i].value;
    }
    for (unsigned int i = 0; i < count; i++) {
        if (lanes[i].state != AT_SHUFFLE) {
            continue;
        }
        int source = lanes[i].source;
        if (source < 0 || source >= (int)count || lanes[source].state == DONE) {
            return false;
        }
        lanes[i].value = values[source];
    }
    for (unsigned int i = 0; i < count; i++) {
        if (lanes[i].state == AT_SHUFFLE) {
            lanes[i].state = RUNNING;
        }
    }
    released = true;
    return true;
}

static bool releaseBlock(unsigned int count) {
    unsigned int waiting = 0;
    unsigned int alive = 0;
    int any = 0;
    for (unsigned int i = 0; i < count; i++) {
        waiting += fibers[i].state == AT_BARRIER;
        alive += fibers[i].state != DONE;
        any |= fibers[i].state == AT_BARRIER && fibers[i].predicate;
    }
    if (waiting == 0 || waiting < alive) {
        return false;
    }
    for (unsigned int i = 0; i < count; i++) {
        if (fibers[i].state == AT_BARRIER) {
            fibers[i].state = RUNNING;
            fibers[i].predicate = any;
        }
    }
    return true;
}

static Error runBlock(unsigned int count) {
    for (unsigned int i = 0; i < count; i++) {
        start(fibers[i], i);
    }
    for (;;) {
        bool moved = false;
        bool alive = false;
        for (unsigned int i = 0; i < count; i++) {
            Fiber& fiber = fibers[backwards ? count - 1 - i : i];
            if (fiber.state == RUNNING) {
                current = &fiber;
                windtunnel_switch(&scheduler, fiber.stack);
                moved = true;
            }
            alive |= fiber.state != DONE;
        }
        if (!alive) {
            return NONE;
        }
        for (unsigned int i = 0; i < count; i += WARP_LANES) {
            if (!releaseWarp(&fibers[i], std::min(WARP_LANES, count - i), moved)) {
                return SHUFFLE;
            }
        }
        moved |= releaseBlock(count);
        if (!moved) {
            return STUCK;
        }
    }
}

}  // namespace emulation

// Which thread of a block comes first, and so which finds what others have left undone.
extern "C" void emulation_order(int lastFirst) {
    emulation::backwards = lastFirst;
}

extern "C" long emulation_kernel(const char* name) {
    for (std::size_t i = 0; i < sizeof(emulation::KERNELS) / sizeof(emulation::Kernel); i++) {
        if (strcmp(emulation::KERNELS[i].name, name) == 0) {
            return i + 1;
        }
    }
    return 0;
}

extern "C" uint64_t emulation_pointers(long kernel) {
    return emulation::KERNELS[kernel - 1].pointers;
}

extern "C" int emulation_launch(
        long kernel, int x, int y, int z, int threads, int sharedBytes, const char* arguments, long bytes) {
    using namespace emulation;
    running = &KERNELS[kernel - 1];
    if ((std::size_t)bytes != running->bytes) {
        return ARGUMENTS;
    }
    if (x <= 0 || y <= 0 || z <= 0 || y > 65535 || z > 65535 || threads <= 0 || threads > 1024) {
        return SHAPE;
    }
    while ((int)fibers.size() < threads) {
        void* memory = mmap(nullptr, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        fibers.push_back({nullptr, (char*)memory, DONE, {}, 0, 0, 0, 0});
    }
    // What an earlier block left in shared memory is nothing that a kernel may use.
    sharedMemory.assign(sharedBytes / 4 + 4, std::numeric_limits<float>::quiet_NaN());
    dynamicShared = (float*)(((uintptr_t)sharedMemory.data() + 15) / 16 * 16);
    emulation::arguments = arguments;
    grid = {(unsigned int)x, (unsigned int)y, (unsigned int)z};
    emulation::threads = {(unsigned int)threads, 1, 1};
    fault = NONE;
    for (unsigned int bz = 0; bz < grid.z; bz++) {
        for (unsigned int by = 0; by < grid.y; by++) {
            for (unsigned int bx = 0; bx < grid.x; bx++) {
                block = {bx, by, bz};
                Error error = runBlock(threads);
                if (error != NONE) {
                    return error;
                }
            }
        }
    }
    return fault;
}

// A row-major product as Device.gemm describes it, summed up in double.
static float operand(const void* x, long i, int type) {
    if (type == 2) {
        return __int_as_float((unsigned int)((const uint16_t*)x)[i] << 16);
    }
    float value = ((const float*)x)[i];
    return type == 1 ? __int_as_float((__float_as_uint(value) + 0x1000u) & ~0x1fffu) : value;
}

// c[i] = value + beta c[i].
static void storeProduct(void* c, long i, bool rounds, double value, float beta) {
    float* exact = (float*)c + i;
    if (rounds) {
        ((Rounded*)c)[i] = (Rounded)bf16((float)value);
    } else {
        *exact = (float)(beta == 0 ? value : value + (double)beta * *exact);
    }
}

extern "C" void emulation_gemm(
        int type, int transA, int transB, int m, int n, int k, float alpha, const void* a, int lda, long strideA,
        const void* b, int ldb, long strideB, float beta, void* c, int roundsC, int ldc, long strideC,
        int batch) {
    std::vector<double> row(n);
    for (long p = 0; p < batch; p++) {
        for (int i = 0; i < m; i++) {
            std::fill(row.begin(), row.end(), 0);
            for (int l = 0; l < k; l++) {
                double left = operand(a, p * strideA + (transA ? (long)l * lda + i : (long)i * lda + l), type);
                for (int j = 0; j < n; j++) {
                    row[j] += left * operand(b, p * strideB + (transB ? (long)j * ldb + l : (long)l * ldb + j), type);
                }
            }
            long at = p * strideC + (long)i * ldc;
            for (int j = 0; j < n; j++) {
                storeProduct(c, at + j, roundsC, alpha * row[j], beta);
            }
        }
    }
}
