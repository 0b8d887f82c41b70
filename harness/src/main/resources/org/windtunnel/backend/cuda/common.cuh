// Put before every kernel source. Kernels are free of global state and of floating-point atomics: every sum has a fixed
// order, which depends on shapes alone and not on the card. Elements are counted in 64 bits.

typedef long long i64;

#define WARP 32
#define BLOCK 256
#define ALL_LANES 0xffffffffu

#ifndef DYNAMIC_SHARED
// Shared memory whose size is given at the launch.
#define DYNAMIC_SHARED(name) extern __shared__ __align__(16) float name[]
#endif

// Several runs that differ in numbers only can share a launch: each has its memory a stride after the one before, and its
// blocks after theirs in the grid's z. Every kernel has two more parameters than its source shows, i64 stackStride in
// bytes and unsigned int stackDepth, a run's own share of z; it begins with moving its pointers by its run's number of
// strides, which leaves null where it is. What puts the source together (KernelSource) adds both. A kernel whose own grid
// has a z finds it as STACK_Z, of stackDepth.
#define STACK_Z (blockIdx.z % stackDepth)

__device__ __forceinline__ i64 shiftInStack(i64 stride, unsigned int depth) {
    return stride == 0 ? 0 : blockIdx.z / depth * stride;
}

template <typename T>
__device__ __forceinline__ T* inStack(T* x, i64 shift) {
    return x ? (T*)((char*)x + shift) : x;
}

__device__ __forceinline__ i64 globalThread() {
    return (i64)blockIdx.x * blockDim.x + threadIdx.x;
}

__device__ __forceinline__ i64 globalThreads() {
    return (i64)gridDim.x * blockDim.x;
}

// a / b; a division of 64 bits takes longer than what most kernels do with an element.
__device__ __forceinline__ i64 quotient(i64 a, unsigned int b) {
    return a >> 32 ? a / b : (unsigned int)a / b;
}

// The bits of x as bf16, rounded to nearest even; NaN stays NaN.
__device__ __forceinline__ unsigned int bf16(float x) {
    unsigned int bits = __float_as_uint(x);
    bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
    return (nan ? bits | 0x400000u : bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}

// An element of a tensor that is kept in bf16.
typedef unsigned short Rounded;

__device__ __forceinline__ float get(const float* x) {
    return *x;
}

__device__ __forceinline__ float get(const Rounded* x) {
    return __int_as_float((int)((unsigned int)*x << 16));
}

__device__ __forceinline__ void put(float* to, float v) {
    *to = v;
}

__device__ __forceinline__ void put(Rounded* to, float v) {
    *to = (Rounded)bf16(v);
}

// Element i of a tensor that is bf16 if `rounded`, else fp32.
__device__ __forceinline__ float getAs(const void* x, int rounded, i64 i) {
    return rounded ? get((const Rounded*)x + i) : get((const float*)x + i);
}

// Elements that a thread takes at once where they begin at 16 bytes.
#define GROUP 8

// Whether memory begins at 16 bytes; null does.
__device__ __forceinline__ bool aligned(const void* x) {
    return (unsigned long long)x % 16 == 0;
}

__device__ __forceinline__ void getGroup(const float* x, float (&v)[GROUP]) {
    float4 a = *(const float4*)x;
    float4 b = *(const float4*)(x + 4);
    v[0] = a.x, v[1] = a.y, v[2] = a.z, v[3] = a.w;
    v[4] = b.x, v[5] = b.y, v[6] = b.z, v[7] = b.w;
}

__device__ __forceinline__ void getGroup(const Rounded* x, float (&v)[GROUP]) {
    uint4 rounded = *(const uint4*)x;
    unsigned int pairs[GROUP / 2] = {rounded.x, rounded.y, rounded.z, rounded.w};
#pragma unroll
    for (int i = 0; i < GROUP / 2; i++) {
        v[2 * i] = __int_as_float((int)(pairs[i] << 16));
        v[2 * i + 1] = __int_as_float((int)(pairs[i] & 0xffff0000u));
    }
}

__device__ __forceinline__ void putGroup(float* to, const float (&v)[GROUP]) {
    float4 a = {v[0], v[1], v[2], v[3]};
    float4 b = {v[4], v[5], v[6], v[7]};
    *(float4*)to = a;
    *(float4*)(to + 4) = b;
}

__device__ __forceinline__ void putGroup(Rounded* to, const float (&v)[GROUP]) {
    uint4 rounded = {bf16(v[0]) | bf16(v[1]) << 16, bf16(v[2]) | bf16(v[3]) << 16, bf16(v[4]) | bf16(v[5]) << 16,
            bf16(v[6]) | bf16(v[7]) << 16};
    *(uint4*)to = rounded;
}

__device__ __forceinline__ float warpSum(float v) {
    for (int offset = WARP / 2; offset > 0; offset >>= 1) {
        v += __shfl_xor_sync(ALL_LANES, v, offset);
    }
    return v;
}

__device__ __forceinline__ double warpSum(double v) {
    for (int offset = WARP / 2; offset > 0; offset >>= 1) {
        v += __shfl_xor_sync(ALL_LANES, v, offset);
    }
    return v;
}

// Sum over a block of up to 1024 threads, a multiple of 32; every thread gets it. All threads must call it.
__device__ __forceinline__ double blockSum(double v) {
    __shared__ double partial[WARP];
    v = warpSum(v);
    __syncthreads();
    if (threadIdx.x % WARP == 0) {
        partial[threadIdx.x / WARP] = v;
    }
    __syncthreads();
    double total = 0;
    for (unsigned int i = 0; i < blockDim.x / WARP; i++) {
        total += partial[i];
    }
    return total;
}

// Sum over the 8 warps of a block for each of 32 columns, given by the threads of warp 0; others get 0.
__device__ __forceinline__ float columnBlockSum(float v) {
    __shared__ float partial[BLOCK / WARP][WARP];
    int lane = threadIdx.x % WARP;
    int warp = threadIdx.x / WARP;
    __syncthreads();
    partial[warp][lane] = v;
    __syncthreads();
    float total = 0;
    if (warp == 0) {
        for (int i = 0; i < BLOCK / WARP; i++) {
            total += partial[i][lane];
        }
    }
    return total;
}

// A tensor that is a part of a flat vector, and the blocks of SLICE elements that those before it are cut into.
struct Slice {
    int offset;
    int length;
    int firstBlock;
};

#define SLICE 1024

// The tensor that a block belongs to.
__device__ __forceinline__ int sliceOfBlock(const Slice* slices, int count) {
    int low = 0;
    int high = count - 1;
    while (low < high) {
        int middle = (low + high + 1) / 2;
        if (slices[middle].firstBlock <= (int)blockIdx.x) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

// First of the elements that a block has of its tensor; end receives what it stops before.
__device__ __forceinline__ int startOfBlock(const Slice* slices, int k, int* end) {
    int start = ((int)blockIdx.x - slices[k].firstBlock) * SLICE;
    *end = min(start + SLICE, slices[k].length);
    return start;
}
