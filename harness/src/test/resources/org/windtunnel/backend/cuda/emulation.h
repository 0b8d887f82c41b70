// CUDA C on the processor: blocks one after the other, the threads of a block as fibers. A fiber runs until it waits at
// a barrier or a shuffle; when all of its block or warp wait, they go on. A block in which some threads can never go on
// is reported, and so is a shuffle from a lane that does not take part.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <algorithm>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>
#include <sys/mman.h>

namespace emulation {

enum Waiting { RUNNING, AT_BARRIER, AT_SHUFFLE, DONE };
enum Error { NONE, ARGUMENTS, STUCK, SHUFFLE, SHAPE, ALIGNMENT };

struct Index {
    unsigned int x, y, z;
};

struct Fiber {
    void* stack;
    char* memory;
    Waiting state;
    Index thread;
    uint64_t value;  // what a shuffle offers and receives
    int source;
    int predicate;
    unsigned int products;  // done by tensor cores so far
};

extern Fiber* current;
extern Index block;
extern Index grid;
extern Index threads;
extern float* dynamicShared;
extern Error fault;  // of a thread, which goes on; the launch reports it

// Gives the turn to the next fiber; returns when the wait is over.
void wait(Waiting state);

template <typename T>
T shuffle(T value, int source) {
    static_assert(sizeof(T) <= 8, "shuffles move up to 8 bytes");
    memcpy(&current->value, &value, sizeof(T));
    current->source = source;
    wait(AT_SHUFFLE);
    memcpy(&value, &current->value, sizeof(T));
    return value;
}

inline int lane() {
    return current->thread.x % 32;
}

// A kernel with its parameters read from a buffer, each at its natural alignment.
template <typename... P, std::size_t... I>
void apply(void (*kernel)(P...), const char* buffer, std::index_sequence<I...>) {
    std::size_t offsets[sizeof...(P) + 1];
    std::size_t sizes[] = {sizeof(P)..., 0};
    std::size_t at = 0;
    for (std::size_t i = 0; i < sizeof...(P); i++) {
        at = (at + sizes[i] - 1) / sizes[i] * sizes[i];
        offsets[i] = at;
        at += sizes[i];
    }
    kernel(*(const P*)(buffer + offsets[I])...);
}

template <typename... P>
struct Caller {
    static std::size_t bytes() {
        std::size_t sizes[] = {sizeof(P)..., 0};
        std::size_t at = 0;
        for (std::size_t i = 0; i < sizeof...(P); i++) {
            at = (at + sizes[i] - 1) / sizes[i] * sizes[i] + sizes[i];
        }
        return at;
    }

    // Which of the buffer's words of 8 bytes are pointers.
    static uint64_t pointers() {
        std::size_t sizes[] = {sizeof(P)..., 0};
        bool pointer[] = {std::is_pointer<P>::value..., false};
        uint64_t found = 0;
        std::size_t at = 0;
        for (std::size_t i = 0; i < sizeof...(P); i++) {
            at = (at + sizes[i] - 1) / sizes[i] * sizes[i];
            found |= (uint64_t)pointer[i] << at / 8;
            at += sizes[i];
        }
        return found;
    }

    static void call(void* kernel, const char* buffer) {
        apply((void (*)(P...))kernel, buffer, std::index_sequence_for<P...>());
    }
};

struct Kernel {
    const char* name;
    void* function;
    void (*call)(void*, const char*);
    std::size_t bytes;
    uint64_t pointers;
};

template <typename... P>
Kernel kernel(const char* name, void (*function)(P...)) {
    return {name, (void*)function, Caller<P...>::call, Caller<P...>::bytes(), Caller<P...>::pointers()};
}

}  // namespace emulation

#define __global__
#define __device__
#define __forceinline__ inline
#define __shared__ static
#define __launch_bounds__(...)
#define __align__(n) alignas(n)
#define DYNAMIC_SHARED(name) float* name = emulation::dynamicShared

#define threadIdx (emulation::current->thread)
#define blockIdx (emulation::block)
#define gridDim (emulation::grid)
#define blockDim (emulation::threads)

struct alignas(16) float4 {
    float x, y, z, w;
};

struct alignas(8) float2 {
    float x, y;
};

struct alignas(16) int4 {
    int x, y, z, w;
};

struct alignas(8) uint2 {
    unsigned int x, y;
};

struct alignas(16) uint4 {
    unsigned int x, y, z, w;
};

using std::max;
using std::min;

static inline void __syncthreads() {
    emulation::wait(emulation::AT_BARRIER);
}

static inline int __syncthreads_or(int predicate) {
    emulation::current->predicate = predicate;
    emulation::wait(emulation::AT_BARRIER);
    return emulation::current->predicate;
}

static inline void __syncwarp() {
    emulation::shuffle(0, emulation::lane());
}

template <typename T>
static inline T __shfl_xor_sync(unsigned int, T value, int mask) {
    return emulation::shuffle(value, emulation::lane() ^ mask);
}

template <typename T>
static inline T __shfl_up_sync(unsigned int, T value, int offset) {
    int lane = emulation::lane();
    return emulation::shuffle(value, lane < offset ? lane : lane - offset);
}

template <typename T>
static inline T __shfl_sync(unsigned int, T value, int lane) {
    return emulation::shuffle(value, lane);
}

static inline int __popc(unsigned int x) {
    return __builtin_popcount(x);
}

static inline unsigned int __float_as_uint(float x) {
    unsigned int bits;
    memcpy(&bits, &x, 4);
    return bits;
}

static inline float __int_as_float(unsigned int bits) {
    float x;
    memcpy(&x, &bits, 4);
    return x;
}
