// Causal attention by tensor cores (FlashAttention-2, arXiv 2307.08691): operands of products, probabilities and
// gradients of scores among them, are rounded to E (Bf16 or Tf32 of mma.cuh); scores, softmax and sums are fp32. A
// warp owns 16·M rows of the block's tile, and walks the tiles of columns with the block: queries by keys forward and
// for dq, keys by queries for dk and dv, so that no sum needs another block. Heads are padded with zeros to D elements in shared
// memory. Grid: tiles times heads (the longest tiles first), sequences. What is saved is what attention.cu saves.

#define LOG2_E 1.4426950408889634f
#define LN_2 0.6931471805599453f
#define LOWEST __int_as_float((int)0xff800000)
#define HIGHEST __int_as_float(0x7f800000)

template <class E, int D, int M, int COLUMNS, int WARPS>
__device__ __forceinline__ void tensorForward(
        const float* q, i64 ldq, const float* k, i64 ldk, const float* v, i64 ldv, float scale, void* out,
        int outRounded, i64 ldo, float* lse, int t, int heads, int group, int headDim) {
    const int ROWS = 16 * M * WARPS;
    const int THREADS = WARP * WARPS;
    const int STRIDE = D + E::GAP;
    DYNAMIC_SHARED(shared);
    typename E::Element* qs = (typename E::Element*)shared;
    typename E::Element* ks = qs + ROWS * STRIDE;
    typename E::Element* vs = ks + COLUMNS * STRIDE;
    int lane = threadIdx.x % WARP;
    int warp = threadIdx.x / WARP;
    int start = (gridDim.x / heads - 1 - blockIdx.x / heads) * ROWS;
    int head = blockIdx.x % heads;
    i64 sequence = (i64)blockIdx.y * t;
    i64 kvAt = (i64)(head / group) * headDim;
    int first = start + warp * 16 * M;
    stage<E, D, ROWS, THREADS>(qs, q + (sequence + start) * ldq + (i64)head * headDim, ldq, t - start, headDim);
    float acc[M][D / 8][4] = {};
    float largest[M][2];
    float sum[M][2] = {};
#pragma unroll
    for (int m = 0; m < M; m++) {
        largest[m][0] = LOWEST;
        largest[m][1] = LOWEST;
    }
    for (int from = 0; from < min(start + ROWS, t); from += COLUMNS) {
        __syncthreads();
        stage<E, D, COLUMNS, THREADS>(ks, k + (sequence + from) * ldk + kvAt, ldk, t - from, headDim);
        stage<E, D, COLUMNS, THREADS>(vs, v + (sequence + from) * ldv + kvAt, ldv, t - from, headDim);
        __syncthreads();
        if (from >= first + 16 * M) {
            continue;
        }
        float s[M][COLUMNS / 8][4] = {};
        scores<E, D, M, COLUMNS>(s, qs + warp * 16 * M * STRIDE, ks);
        bool diagonal = from + COLUMNS - 1 > first;
#pragma unroll
        for (int m = 0; m < M; m++) {
#pragma unroll
            for (int h = 0; h < 2; h++) {
                // A query beyond the sequence sees zeros, which are dropped with its row.
                int seen = diagonal ? first + 16 * m + 8 * h + lane / 4 - from - lane % 4 * 2 : COLUMNS;
                float tileMax = LOWEST;
#pragma unroll
                for (int n = 0; n < COLUMNS / 8; n++) {
#pragma unroll
                    for (int j = 0; j < 2; j++) {
                        float& x = s[m][n][2 * h + j];
                        x = 8 * n + j <= seen ? x * (scale * LOG2_E) : LOWEST;
                        tileMax = fmaxf(tileMax, x);
                    }
                }
                float newMax = fmaxf(largest[m][h], quadMax(tileMax));
                float correction = powerOfTwo(largest[m][h] - newMax);
                float tileSum = 0;
#pragma unroll
                for (int n = 0; n < COLUMNS / 8; n++) {
#pragma unroll
                    for (int j = 0; j < 2; j++) {
                        float& x = s[m][n][2 * h + j];
                        x = powerOfTwo(x - newMax);
                        tileSum += x;
                    }
                }
                largest[m][h] = newMax;
                sum[m][h] = sum[m][h] * correction + tileSum;
#pragma unroll
                for (int n = 0; n < D / 8; n++) {
                    acc[m][n][2 * h] *= correction;
                    acc[m][n][2 * h + 1] *= correction;
                }
            }
        }
        weigh<E, D, M, COLUMNS>(acc, s, vs);
    }
    float factor[M][2];
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int h = 0; h < 2; h++) {
            float total = quadSum(sum[m][h]);
            factor[m][h] = 1 / total;
            int query = first + 16 * m + 8 * h + lane / 4;
            if (lane % 4 == 0 && query < t) {
                lse[((i64)blockIdx.y * heads + head) * t + query] = (largest[m][h] + log2f(total)) * LN_2;
            }
        }
    }
    storeSumsAs<D, M>(out, outRounded, (sequence + first) * ldo + (i64)head * headDim, ldo, t - first, headDim, acc,
            factor);
}

// delta[b, h, t] = dOut · out, half a warp a row and head; dOut is rounded as the products round it.
template <class E>
__device__ __forceinline__ void tensorDelta(
        const void* out, int outRounded, const float* dOut, i64 ldo, float* delta, i64 items, int t, int heads,
        int headDim) {
    i64 item = globalThread() / 16;
    float sum = 0;
    i64 row = item / heads;
    i64 head = item - row * heads;
    if (item < items) {
        i64 at = row * ldo + head * headDim;
        for (int c = threadIdx.x % 16; c < headDim; c += 16) {
            sum = fmaf(getAs(out, outRounded, at + c), E::rounded(dOut[at + c]), sum);
        }
    }
    for (int offset = 8; offset > 0; offset >>= 1) {
        sum += __shfl_xor_sync(ALL_LANES, sum, offset);
    }
    if (item < items && threadIdx.x % 16 == 0) {
        delta[(row / t * heads + head) * t + row % t] = sum;
    }
}

// Statistics of a tile's queries: log-sum-exp in units of log 2, such that one beyond the sequence has no probability.
template <int COLUMNS>
__device__ __forceinline__ void stageStatistics(
        float* lses, float* deltas, const float* lse, const float* delta, int queries) {
    if (threadIdx.x < COLUMNS) {
        bool there = (int)threadIdx.x < queries;
        lses[threadIdx.x] = there ? lse[threadIdx.x] * LOG2_E : HIGHEST;
        deltas[threadIdx.x] = there ? delta[threadIdx.x] : 0;
    }
}

// dk and dv of a tile of keys, summed over the queries and the heads of its group; M = 1. A step takes CHUNK of the
// COLUMNS queries in shared memory.
template <class E, int D, int COLUMNS, int CHUNK, int WARPS>
__device__ __forceinline__ void tensorBackwardKeys(
        const float* q, i64 ldq, const float* k, i64 ldk, const float* v, i64 ldv, float scale, const float* dOut,
        i64 ldo, const float* lse, const float* delta, void* dk, int dkRounded, i64 lddk, void* dv, int dvRounded,
        i64 lddv, int t, int kvHeads, int group, int headDim) {
    const int ROWS = 16 * WARPS;
    const int THREADS = WARP * WARPS;
    const int STRIDE = D + E::GAP;
    DYNAMIC_SHARED(shared);
    float* lses = shared;
    float* deltas = lses + COLUMNS;
    typename E::Element* ks = (typename E::Element*)(deltas + COLUMNS);
    typename E::Element* vs = ks + ROWS * STRIDE;
    typename E::Element* qs = vs + ROWS * STRIDE;
    typename E::Element* os = qs + COLUMNS * STRIDE;
    int lane = threadIdx.x % WARP;
    int warp = threadIdx.x / WARP;
    int start = blockIdx.x / kvHeads * ROWS;
    int kvHead = blockIdx.x % kvHeads;
    i64 sequence = (i64)blockIdx.y * t;
    i64 kvAt = (i64)kvHead * headDim;
    int first = start + warp * 16;
    stage<E, D, ROWS, THREADS>(ks, k + (sequence + start) * ldk + kvAt, ldk, t - start, headDim);
    stage<E, D, ROWS, THREADS>(vs, v + (sequence + start) * ldv + kvAt, ldv, t - start, headDim);
    float keys[1][D / 8][4] = {};
    float values[1][D / 8][4] = {};
    for (int g = 0; g < group; g++) {
        int head = kvHead * group + g;
        i64 statistics = ((i64)blockIdx.y * kvHeads * group + head) * t;
        i64 at = (i64)head * headDim;
        for (int from = start / COLUMNS * COLUMNS; from < t; from += COLUMNS) {
            __syncthreads();
            stage<E, D, COLUMNS, THREADS>(qs, q + (sequence + from) * ldq + at, ldq, t - from, headDim);
            stage<E, D, COLUMNS, THREADS>(os, dOut + (sequence + from) * ldo + at, ldo, t - from, headDim);
            stageStatistics<COLUMNS>(lses, deltas, lse + statistics + from, delta + statistics + from, t - from);
            __syncthreads();
#pragma unroll 1
            for (int c = 0; c < COLUMNS; c += CHUNK) {
                int query = from + c;
                if (query + CHUNK <= first || query >= t) {
                    continue;
                }
                float p[1][CHUNK / 8][4] = {};
                float ds[1][CHUNK / 8][4] = {};
                scores<E, D, 1, CHUNK>(p, ks + warp * 16 * STRIDE, qs + c * STRIDE);
                scores<E, D, 1, CHUNK>(ds, vs + warp * 16 * STRIDE, os + c * STRIDE);
                // A key is seen by queries that are not before it.
                int before = query < first + 16 ? first + lane / 4 - query - lane % 4 * 2 : 0;
#pragma unroll
                for (int n = 0; n < CHUNK / 8; n++) {
#pragma unroll
                    for (int i = 0; i < 4; i++) {
                        int column = 8 * n + i % 2;
                        bool seen = column >= before + i / 2 * 8 || query >= first + 16;
                        float power = p[0][n][i] * (scale * LOG2_E) - lses[c + column + lane % 4 * 2];
                        p[0][n][i] = seen ? powerOfTwo(power) : 0;
                        ds[0][n][i] = p[0][n][i] * (ds[0][n][i] - deltas[c + column + lane % 4 * 2]);
                    }
                }
                weigh<E, D, 1, CHUNK>(values, p, os + c * STRIDE);
                weigh<E, D, 1, CHUNK>(keys, ds, qs + c * STRIDE);
            }
        }
    }
    float factor[1][2] = {{scale, scale}};
    storeSumsAs<D, 1>(dk, dkRounded, (sequence + first) * lddk + kvAt, lddk, t - first, headDim, keys, factor);
    factor[0][0] = 1;
    factor[0][1] = 1;
    storeSumsAs<D, 1>(dv, dvRounded, (sequence + first) * lddv + kvAt, lddv, t - first, headDim, values, factor);
}

// dq of a tile of queries; M = 1. A step takes CHUNK of the COLUMNS keys in shared memory.
template <class E, int D, int COLUMNS, int CHUNK, int WARPS>
__device__ __forceinline__ void tensorBackwardQueries(
        const float* q, i64 ldq, const float* k, i64 ldk, const float* v, i64 ldv, float scale, const float* dOut,
        i64 ldo, const float* lse, const float* delta, void* dq, int dqRounded, i64 lddq, int t, int heads, int group,
        int headDim) {
    const int ROWS = 16 * WARPS;
    const int THREADS = WARP * WARPS;
    const int STRIDE = D + E::GAP;
    DYNAMIC_SHARED(shared);
    typename E::Element* qs = (typename E::Element*)shared;
    typename E::Element* os = qs + ROWS * STRIDE;
    typename E::Element* ks = os + ROWS * STRIDE;
    typename E::Element* vs = ks + COLUMNS * STRIDE;
    int lane = threadIdx.x % WARP;
    int warp = threadIdx.x / WARP;
    int start = (gridDim.x / heads - 1 - blockIdx.x / heads) * ROWS;
    int head = blockIdx.x % heads;
    i64 sequence = (i64)blockIdx.y * t;
    i64 at = (i64)head * headDim;
    i64 kvAt = (i64)(head / group) * headDim;
    int first = start + warp * 16;
    stage<E, D, ROWS, THREADS>(qs, q + (sequence + start) * ldq + at, ldq, t - start, headDim);
    stage<E, D, ROWS, THREADS>(os, dOut + (sequence + start) * ldo + at, ldo, t - start, headDim);
    float lses[2];
    float deltas[2];
#pragma unroll
    for (int h = 0; h < 2; h++) {
        int query = first + 8 * h + lane / 4;
        i64 statistics = ((i64)blockIdx.y * heads + head) * t + query;
        lses[h] = query < t ? lse[statistics] * LOG2_E : HIGHEST;
        deltas[h] = query < t ? delta[statistics] : 0;
    }
    float queries[1][D / 8][4] = {};
    for (int from = 0; from < min(start + ROWS, t); from += COLUMNS) {
        __syncthreads();
        stage<E, D, COLUMNS, THREADS>(ks, k + (sequence + from) * ldk + kvAt, ldk, t - from, headDim);
        stage<E, D, COLUMNS, THREADS>(vs, v + (sequence + from) * ldv + kvAt, ldv, t - from, headDim);
        __syncthreads();
#pragma unroll 1
        for (int c = 0; c < COLUMNS; c += CHUNK) {
            int key = from + c;
            if (key >= first + 16 || key >= t) {
                continue;
            }
            float p[1][CHUNK / 8][4] = {};
            float ds[1][CHUNK / 8][4] = {};
            scores<E, D, 1, CHUNK>(p, qs + warp * 16 * STRIDE, ks + c * STRIDE);
            scores<E, D, 1, CHUNK>(ds, os + warp * 16 * STRIDE, vs + c * STRIDE);
            int seen = key + CHUNK > first ? first + lane / 4 - key - lane % 4 * 2 : CHUNK;
#pragma unroll
            for (int n = 0; n < CHUNK / 8; n++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    float power = p[0][n][i] * (scale * LOG2_E) - lses[i / 2];
                    float probability = 8 * n + i % 2 <= seen + i / 2 * 8 ? powerOfTwo(power) : 0;
                    ds[0][n][i] = probability * (ds[0][n][i] - deltas[i / 2]);
                }
            }
            weigh<E, D, 1, CHUNK>(queries, ds, ks + c * STRIDE);
        }
    }
    float factor[1][2] = {{scale, scale}};
    storeSumsAs<D, 1>(dq, dqRounded, (sequence + first) * lddq + at, lddq, t - first, headDim, queries, factor);
}

// AttentionTiles adds the lines that make the kernels: heads of up to D elements, operands of type E.
#define TENSOR_ATTENTION(TYPE, E, D, M, COLUMNS, BACKWARD_COLUMNS, CHUNK, WARPS)                                     \
    extern "C" __global__ void __launch_bounds__(WARP * WARPS) tensor_forward_##TYPE##_##D(                          \
            const float* q, i64 ldq, const float* k, i64 ldk, const float* v, i64 ldv, float scale, void* out,       \
            int outRounded, i64 ldo, float* lse, int t, int heads, int group, int headDim) {                         \
        tensorForward<E, D, M, COLUMNS, WARPS>(q, ldq, k, ldk, v, ldv, scale, out, outRounded, ldo, lse, t, heads,   \
                group, headDim);                                                                                     \
    }                                                                                                                \
    extern "C" __global__ void tensor_delta_##TYPE##_##D(                                                            \
            const void* out, int outRounded, const float* dOut, i64 ldo, float* delta, i64 items, int t, int heads,  \
            int headDim) {                                                                                           \
        tensorDelta<E>(out, outRounded, dOut, ldo, delta, items, t, heads, headDim);                                 \
    }                                                                                                                \
    extern "C" __global__ void __launch_bounds__(WARP * WARPS) tensor_backward_keys_##TYPE##_##D(                    \
            const float* q, i64 ldq, const float* k, i64 ldk, const float* v, i64 ldv, float scale,                  \
            const float* dOut, i64 ldo, const float* lse, const float* delta, void* dk, int dkRounded, i64 lddk,     \
            void* dv, int dvRounded, i64 lddv, int t, int kvHeads, int group, int headDim) {                         \
        tensorBackwardKeys<E, D, BACKWARD_COLUMNS, CHUNK, WARPS>(q, ldq, k, ldk, v, ldv, scale, dOut, ldo, lse,      \
                delta, dk, dkRounded, lddk, dv, dvRounded, lddv, t, kvHeads, group, headDim);                        \
    }                                                                                                                \
    extern "C" __global__ void __launch_bounds__(WARP * WARPS) tensor_backward_queries_##TYPE##_##D(                 \
            const float* q, i64 ldq, const float* k, i64 ldk, const float* v, i64 ldv, float scale,                  \
            const float* dOut, i64 ldo, const float* lse, const float* delta, void* dq, int dqRounded, i64 lddq,     \
            int t, int heads, int group, int headDim) {                                                              \
        tensorBackwardQueries<E, D, BACKWARD_COLUMNS, CHUNK, WARPS>(q, ldq, k, ldk, v, ldv, scale, dOut, ldo, lse,   \
                delta, dq, dqRounded, lddq, t, heads, group, headDim);                                               \
    }
