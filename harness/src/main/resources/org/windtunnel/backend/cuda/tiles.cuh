// Tiles of rounded matrices in shared memory, and products of them by warps; see mma.cuh.

// Rows below `rows` of a tile; zeros elsewhere.
template <class E, int D, int ROWS, int THREADS>
__device__ __forceinline__ void stage(
        typename E::Element* to, const float* from, i64 ld, int rows, int headDim) {
    const int EACH = ROWS * D / 4 / THREADS;
    // Loads that wait together.
    const int BATCH = EACH < 8 ? EACH : 8;
    static_assert(EACH * 4 * THREADS == ROWS * D && EACH % BATCH == 0, "threads share the groups of 4 columns equally");
    bool whole = ((unsigned long long)from % 16 | ld % 4 | headDim % 4) == 0;
#pragma unroll 1
    for (int begin = threadIdx.x; whole && begin < ROWS * D / 4; begin += BATCH * THREADS) {
        float4 v[BATCH];
#pragma unroll
        for (int i = 0; i < BATCH; i++) {
            int row = (begin + i * THREADS) / (D / 4);
            int column = (begin + i * THREADS) % (D / 4) * 4;
            v[i] = {0, 0, 0, 0};
            if (row < rows && column < headDim) {
                v[i] = *(const float4*)(from + row * ld + column);
            }
        }
#pragma unroll
        for (int i = 0; i < BATCH; i++) {
            int item = begin + i * THREADS;
            E::put(to + item / (D / 4) * (D + E::GAP) + item % (D / 4) * 4, v[i]);
        }
    }
#pragma unroll 1
    for (int item = threadIdx.x; !whole && item < ROWS * D / 4; item += THREADS) {
        int row = item / (D / 4);
        int column = item % (D / 4) * 4;
        const float* at = from + row * ld + column;
        int there = row < rows ? headDim - column : 0;
        float4 v = {there > 0 ? at[0] : 0, there > 1 ? at[1] : 0, there > 2 ? at[2] : 0, there > 3 ? at[3] : 0};
        E::put(to + row * (D + E::GAP) + column, v);
    }
}

__device__ __forceinline__ void putPair(float* to, float first, float second) {
    *(float2*)to = {first, second};
}

__device__ __forceinline__ void putPair(Rounded* to, float first, float second) {
    *(unsigned int*)to = packBf16(first, second);
}

// A warp's rows, times factor[m][h], to memory; rows and columns beyond the sequence and the head are dropped.
template <int D, int M, typename T>
__device__ __forceinline__ void storeSums(
        T* to, i64 ld, int rows, int headDim, const float (&sums)[M][D / 8][4], const float (&factor)[M][2]) {
    int lane = threadIdx.x % WARP;
    bool pairs = ((unsigned long long)to % (2 * sizeof(T)) | ld % 2 | headDim % 2) == 0;
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int h = 0; h < 2; h++) {
            int row = 16 * m + 8 * h + lane / 4;
            T* at = to + row * ld;
            if (row >= rows) {
                continue;
            }
#pragma unroll
            for (int n = 0; n < D / 8; n++) {
                int column = 8 * n + lane % 4 * 2;
                float first = sums[m][n][2 * h] * factor[m][h];
                float second = sums[m][n][2 * h + 1] * factor[m][h];
                if (pairs && column < headDim) {
                    putPair(at + column, first, second);
                } else if (column < headDim) {
                    put(at + column, first);
                    if (column + 1 < headDim) {
                        put(at + column + 1, second);
                    }
                }
            }
        }
    }
}

// The same from element `first` of a tensor on, which is bf16 if `rounded`.
template <int D, int M>
__device__ __forceinline__ void storeSumsAs(
        void* to, int rounded, i64 first, i64 ld, int rows, int headDim, const float (&sums)[M][D / 8][4],
        const float (&factor)[M][2]) {
    if (rounded) {
        storeSums<D, M>((Rounded*)to + first, ld, rows, headDim, sums, factor);
    } else {
        storeSums<D, M>((float*)to + first, ld, rows, headDim, sums, factor);
    }
}

// Over the 4 lanes that share a row.
__device__ __forceinline__ float quadMax(float v) {
    v = fmaxf(v, __shfl_xor_sync(ALL_LANES, v, 1));
    return fmaxf(v, __shfl_xor_sync(ALL_LANES, v, 2));
}

__device__ __forceinline__ float quadSum(float v) {
    v += __shfl_xor_sync(ALL_LANES, v, 1);
    return v + __shfl_xor_sync(ALL_LANES, v, 2);
}

// out[m] += (rows of `a`) · (rows of `b`)ᵀ over the head; COLUMNS rows of `b`.
template <class E, int D, int M, int COLUMNS>
__device__ __forceinline__ void scores(
        float (&out)[M][COLUMNS / 8][4], const typename E::Element* a, const typename E::Element* b) {
    int lane = threadIdx.x % WARP;
#pragma unroll
    for (int k = 0; k < D; k += 16) {
        unsigned int left[M][E::REGISTERS];
#pragma unroll
        for (int m = 0; m < M; m++) {
            E::left(left[m], a + 16 * m * (D + E::GAP) + k, D + E::GAP, lane);
        }
#pragma unroll
        for (int n = 0; n < COLUMNS / 16; n++) {
            unsigned int right[E::REGISTERS];
            E::columns(right, b + 16 * n * (D + E::GAP) + k, D + E::GAP, lane);
#pragma unroll
            for (int m = 0; m < M; m++) {
                E::multiply(out[m][2 * n], out[m][2 * n + 1], left[m], right);
            }
        }
    }
}

// out[m] += p[m] · (rows of `b`).
template <class E, int D, int M, int COLUMNS>
__device__ __forceinline__ void weigh(
        float (&out)[M][D / 8][4], const float (&p)[M][COLUMNS / 8][4], const typename E::Element* b) {
    int lane = threadIdx.x % WARP;
#pragma unroll
    for (int k = 0; k < COLUMNS / 16; k++) {
        unsigned int left[M][E::REGISTERS];
#pragma unroll
        for (int m = 0; m < M; m++) {
            E::fromSums(left[m], p[m][2 * k], p[m][2 * k + 1]);
        }
#pragma unroll
        for (int n = 0; n < D / 16; n++) {
            unsigned int right[E::REGISTERS];
            E::rows(right, b + 16 * k * (D + E::GAP) + 16 * n, D + E::GAP, lane);
#pragma unroll
            for (int m = 0; m < M; m++) {
                E::multiply(out[m][2 * n], out[m][2 * n + 1], left[m], right);
            }
        }
    }
}
