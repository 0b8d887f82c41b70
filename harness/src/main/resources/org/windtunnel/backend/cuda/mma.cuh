// Products of small matrices by the tensor cores of compute capability 8.0 and newer: C += A · B with sums in fp32, by
// a warp, whose lanes hold the matrices together. Which lane holds what, for g = lane / 4, t = lane % 4 and register r
// (PTX ISA, "Matrix Fragments for mma.m16n8k16 with floating point type" and "... mma.m16n8k8"):
//
//   A  16 x 16 bf16   row g + 8 (r % 2), columns 2t + 8 (r / 2) in the low half and the next in the high half
//   A  16 x 8  tf32   row g + 8 (r % 2), column t + 4 (r / 2)
//   B  16 x 8  bf16   rows 2t + 8r in the low half and the next in the high half, column g
//   B  8 x 8   tf32   row t + 4r, column g
//   C  16 x 8  fp32   row g + 8 (r / 2), column 2t + r % 2
//
// ldmatrix loads four 8 x 8 matrices of 16-bit elements: lane 8i + j gives the address of row j of matrix i, and gets,
// in register i, row g, columns 2t and 2t + 1 of matrix i, or with .trans rows 2t and 2t + 1 of its column g.

#ifndef EMULATION

__device__ __forceinline__ void multiplyBf16(float (&c)[4], const unsigned int* a, const unsigned int* b) {
#if __CUDA_ARCH__ >= 800
    asm volatile(
            "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
            : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

__device__ __forceinline__ void multiplyTf32(float (&c)[4], const unsigned int* a, const unsigned int* b) {
#if __CUDA_ARCH__ >= 800
    asm volatile(
            "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
            : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

// `row` begins at 16 bytes, in shared memory.
__device__ __forceinline__ void loadMatrices(unsigned int* r, const void* row) {
#if __CUDA_ARCH__ >= 800
    unsigned int at = (unsigned int)__cvta_generic_to_shared(row);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(at)
                 : "memory");
#endif
}

__device__ __forceinline__ void loadTransposed(unsigned int* r, const void* row) {
#if __CUDA_ARCH__ >= 800
    unsigned int at = (unsigned int)__cvta_generic_to_shared(row);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(at)
                 : "memory");
#endif
}

// Two numbers rounded to bf16, to nearest even; the first in the low half.
__device__ __forceinline__ unsigned int packBf16(float low, float high) {
    unsigned int packed = 0;
#if __CUDA_ARCH__ >= 800
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
#endif
    return packed;
}

// Rounded to tf32, to nearest.
__device__ __forceinline__ unsigned int roundTf32(float x) {
    unsigned int rounded = 0;
#if __CUDA_ARCH__ >= 800
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(rounded) : "f"(x));
#endif
    return rounded;
}

// Four numbers that begin at 16 bytes of memory that no one writes meanwhile; zeros unless `there`. Without a branch, and
// ahead of the products that come after it, which hide the wait.
__device__ __forceinline__ float4 loadFour(const float* from, bool there) {
    float4 v = {0, 0, 0, 0};
    asm volatile(
            "{.reg .pred p; setp.ne.s32 p, %5, 0; @p ld.global.nc.v4.f32 {%0,%1,%2,%3}, [%4];}"
            : "+f"(v.x), "+f"(v.y), "+f"(v.z), "+f"(v.w)
            : "l"(__cvta_generic_to_global(from)), "r"((int)there));
    return v;
}

// 2^x to about 22 bits.
__device__ __forceinline__ float powerOfTwo(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

#endif

// How the kernels hold rounded matrices. Rows of a tile in shared memory are D + GAP elements apart, so that the rows a
// warp reads at once begin in different banks; Four is 4 elements. Fragments are of 16 x 16 elements in REGISTERS
// registers; a product adds a fragment times another to two accumulators of 16 x 8. In all of them, lane is
// threadIdx.x % 32.

struct Bf16 {
    typedef unsigned short Element;
    typedef unsigned long long Four;
    static const int GAP = 8;
    static const int REGISTERS = 4;

    static __device__ __forceinline__ void put(Element* to, float4 v) {
        unsigned long long low = packBf16(v.x, v.y);
        unsigned long long high = packBf16(v.z, v.w);
        *(unsigned long long*)to = low | high << 32;
    }

    // A from rows of a tile.
    static __device__ __forceinline__ void left(unsigned int* a, const Element* tile, int stride, int lane) {
        loadMatrices(a, tile + lane % 16 * stride + lane / 16 * 8);
    }

    // A from rows that are its columns.
    static __device__ __forceinline__ void leftColumns(
            unsigned int* a, const Element* tile, int stride, int lane) {
        loadTransposed(a, tile + (lane / 16 * 8 + lane % 8) * stride + lane / 8 % 2 * 8);
    }

    // B from rows that are its columns.
    static __device__ __forceinline__ void columns(unsigned int* b, const Element* tile, int stride, int lane) {
        loadMatrices(b, tile + (lane / 16 * 8 + lane % 8) * stride + lane / 8 % 2 * 8);
    }

    // B from its rows.
    static __device__ __forceinline__ void rows(unsigned int* b, const Element* tile, int stride, int lane) {
        loadTransposed(b, tile + lane % 16 * stride + lane / 16 * 8);
    }

    // A from two accumulators side by side.
    static __device__ __forceinline__ void fromSums(unsigned int* a, const float (&c0)[4], const float (&c1)[4]) {
        a[0] = packBf16(c0[0], c0[1]);
        a[1] = packBf16(c0[2], c0[3]);
        a[2] = packBf16(c1[0], c1[1]);
        a[3] = packBf16(c1[2], c1[3]);
    }

    static __device__ __forceinline__ void multiply(
            float (&c0)[4], float (&c1)[4], const unsigned int* a, const unsigned int* b) {
        multiplyBf16(c0, a, b);
        multiplyBf16(c1, a, b + 2);
    }

    static __device__ __forceinline__ float rounded(float x) {
        return __int_as_float((int)(packBf16(x, 0) << 16));
    }
};

// Two products of depth 8 for one of depth 16: registers 4h to 4h + 3 are those of half h; in B, registers 4h + 2n and
// the next are those of its columns 8n to 8n + 7.
struct Tf32 {
    typedef unsigned int Element;
    typedef uint4 Four;
    static const int GAP = 4;
    static const int REGISTERS = 8;

    static __device__ __forceinline__ void put(Element* to, float4 v) {
        uint4 bits = {roundTf32(v.x), roundTf32(v.y), roundTf32(v.z), roundTf32(v.w)};
        *(uint4*)to = bits;
    }

    static __device__ __forceinline__ void left(unsigned int* a, const Element* tile, int stride, int lane) {
#pragma unroll
        for (int i = 0; i < 8; i++) {
            a[i] = tile[(lane / 4 + i % 2 * 8) * stride + lane % 4 + i / 2 * 4];
        }
    }

    static __device__ __forceinline__ void columns(unsigned int* b, const Element* tile, int stride, int lane) {
#pragma unroll
        for (int i = 0; i < 8; i++) {
            b[i] = tile[(lane / 4 + i / 2 % 2 * 8) * stride + lane % 4 + i % 2 * 4 + i / 4 * 8];
        }
    }

    // A sum over depth may take it in any order: the A of `fromSums` has column 2t of an accumulator as its column t
    // and 2t + 1 as its column t + 4, and so its lanes need nothing from each other; B's rows follow it.
    static __device__ __forceinline__ void rows(unsigned int* b, const Element* tile, int stride, int lane) {
#pragma unroll
        for (int i = 0; i < 8; i++) {
            b[i] = tile[(lane % 4 * 2 + i % 2 + i / 4 * 8) * stride + lane / 4 + i / 2 % 2 * 8];
        }
    }

    // A from rows that are its columns, in the order that `rows` takes them.
    static __device__ __forceinline__ void leftColumns(
            unsigned int* a, const Element* tile, int stride, int lane) {
#pragma unroll
        for (int i = 0; i < 8; i++) {
            a[i] = tile[(lane % 4 * 2 + i / 2 % 2 + i / 4 * 8) * stride + lane / 4 + i % 2 * 8];
        }
    }

    static __device__ __forceinline__ void fromSums(unsigned int* a, const float (&c0)[4], const float (&c1)[4]) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            a[i] = roundTf32(c0[i % 2 * 2 + i / 2]);
            a[4 + i] = roundTf32(c1[i % 2 * 2 + i / 2]);
        }
    }

    static __device__ __forceinline__ void multiply(
            float (&c0)[4], float (&c1)[4], const unsigned int* a, const unsigned int* b) {
        multiplyTf32(c0, a, b);
        multiplyTf32(c1, a, b + 2);
        multiplyTf32(c0, a + 4, b + 4);
        multiplyTf32(c1, a + 4, b + 6);
    }

    static __device__ __forceinline__ float rounded(float x) {
        return __int_as_float((int)roundTf32(x));
    }
};
