// Causal attention in tiles: scores exist for one pair of tiles at a time (FlashAttention, arXiv 2205.14135; backward
// by recomputation from the row's log-sum-exp). A block of 16 × 16 threads owns a tile of rows; thread (tx, ty) holds
// rows ty·R + i of it. Heads are padded with zeros to D elements in shared memory. Outputs are fp32, or bf16 where a
// flag says so.

#define PAD 4
#define MINUS_INFINITY __int_as_float(0xff800000)

// Rows below `rows` of a tile; zeros elsewhere.
template <int D, int TILE>
__device__ __forceinline__ void loadTile(float* to, const float* from, i64 ld, int rows, int headDim) {
    for (int i = threadIdx.x; i < TILE * D; i += BLOCK) {
        int row = i / D;
        int column = i % D;
        to[row * (D + PAD) + column] = row < rows && column < headDim ? from[row * ld + column] : 0;
    }
}

// acc[i][j] += a[ty·R + i] · b[tx + 16 j] over D.
template <int D, int TILE>
__device__ __forceinline__ void dots(float (&acc)[TILE / 16][TILE / 16], const float* a, const float* b) {
    const int R = TILE / 16;
    int tx = threadIdx.x % 16;
    int ty = threadIdx.x / 16;
#pragma unroll 4
    for (int k = 0; k < D; k += 4) {
        float4 left[R];
        float4 right[R];
#pragma unroll
        for (int i = 0; i < R; i++) {
            left[i] = *(const float4*)(a + (ty * R + i) * (D + PAD) + k);
            right[i] = *(const float4*)(b + (tx + 16 * i) * (D + PAD) + k);
        }
#pragma unroll
        for (int i = 0; i < R; i++) {
#pragma unroll
            for (int j = 0; j < R; j++) {
                acc[i][j] = fmaf(left[i].x, right[j].x, acc[i][j]);
                acc[i][j] = fmaf(left[i].y, right[j].y, acc[i][j]);
                acc[i][j] = fmaf(left[i].z, right[j].z, acc[i][j]);
                acc[i][j] = fmaf(left[i].w, right[j].w, acc[i][j]);
            }
        }
    }
}

// Column of a thread's j-th accumulator: groups of up to 4 adjacent ones.
template <int D>
__device__ __forceinline__ int columnOf(int j) {
    const int W = D / 16 < 4 ? D / 16 : 4;
    return j / W * (16 * W) + (int)(threadIdx.x % 16) * W + j % W;
}

// acc[i][j] += Σ_k p[ty·R + i][k] · b[k][column j] over the tile.
template <int D, int TILE>
__device__ __forceinline__ void multiply(float (&acc)[TILE / 16][D / 16], const float* p, const float* b) {
    const int R = TILE / 16;
    const int C = D / 16;
    int ty = threadIdx.x / 16;
#pragma unroll 4
    for (int k = 0; k < TILE; k++) {
        float right[C];
        if (C >= 4) {
#pragma unroll
            for (int j = 0; j < C; j += 4) {
                float4 v = *(const float4*)(b + k * (D + PAD) + columnOf<D>(j));
                right[j] = v.x;
                right[(j + 1) % C] = v.y;
                right[(j + 2) % C] = v.z;
                right[(j + 3) % C] = v.w;
            }
        } else {
#pragma unroll
            for (int j = 0; j < C; j++) {
                right[j] = b[k * (D + PAD) + columnOf<D>(j)];
            }
        }
#pragma unroll
        for (int i = 0; i < R; i++) {
            float left = p[(ty * R + i) * (TILE + PAD) + k];
#pragma unroll
            for (int j = 0; j < C; j++) {
                acc[i][j] = fmaf(left, right[j], acc[i][j]);
            }
        }
    }
}

template <int TILE>
__device__ __forceinline__ void storeScores(float* to, const float (&scores)[TILE / 16][TILE / 16]) {
    int tx = threadIdx.x % 16;
    int ty = threadIdx.x / 16;
#pragma unroll
    for (int i = 0; i < TILE / 16; i++) {
#pragma unroll
        for (int j = 0; j < TILE / 16; j++) {
            to[(ty * (TILE / 16) + i) * (TILE + PAD) + tx + 16 * j] = scores[i][j];
        }
    }
}

// Rows of a tile, times factor[i], to memory; rows and columns beyond the sequence and the head are dropped.
template <int D, int TILE, typename T>
__device__ __forceinline__ void storeRows(
        T* to, i64 ld, int rows, int headDim, const float (&acc)[TILE / 16][D / 16],
        const float (&factor)[TILE / 16]) {
    int ty = threadIdx.x / 16;
#pragma unroll
    for (int i = 0; i < TILE / 16; i++) {
        int row = ty * (TILE / 16) + i;
#pragma unroll
        for (int j = 0; j < D / 16; j++) {
            if (row < rows && columnOf<D>(j) < headDim) {
                put(to + row * ld + columnOf<D>(j), acc[i][j] * factor[i]);
            }
        }
    }
}

// The same from element `first` of a tensor on, which is bf16 if `rounded`.
template <int D, int TILE>
__device__ __forceinline__ void storeRowsAs(
        void* to, int rounded, i64 first, i64 ld, int rows, int headDim, const float (&acc)[TILE / 16][D / 16],
        const float (&factor)[TILE / 16]) {
    if (rounded) {
        storeRows<D, TILE>((Rounded*)to + first, ld, rows, headDim, acc, factor);
    } else {
        storeRows<D, TILE>((float*)to + first, ld, rows, headDim, acc, factor);
    }
}

// Over the 16 threads that share a row.
__device__ __forceinline__ float rowMax(float v) {
    for (int offset = 8; offset > 0; offset >>= 1) {
        v = fmaxf(v, __shfl_xor_sync(ALL_LANES, v, offset));
    }
    return v;
}

__device__ __forceinline__ float rowSum(float v) {
    for (int offset = 8; offset > 0; offset >>= 1) {
        v += __shfl_xor_sync(ALL_LANES, v, offset);
    }
    return v;
}

// Grid: query tiles (the longest first) times heads, sequences.
template <int D, int TILE>
__device__ __forceinline__ void attentionForward(
        const float* q, i64 ldq, const float* k, i64 ldk, const float* v, i64 ldv, float scale, void* out,
        int outRounded, i64 ldo, float* lse, int t, int heads, int group, int headDim) {
    const int R = TILE / 16;
    DYNAMIC_SHARED(shared);
    float* qs = shared;
    float* ks = qs + TILE * (D + PAD);
    float* vs = ks + TILE * (D + PAD);
    float* ps = vs + TILE * (D + PAD);
    int tx = threadIdx.x % 16;
    int ty = threadIdx.x / 16;
    int start = (gridDim.x / heads - 1 - blockIdx.x / heads) * TILE;
    int head = blockIdx.x % heads;
    i64 sequence = (i64)blockIdx.y * t;
    i64 kvAt = (i64)(head / group) * headDim;
    loadTile<D, TILE>(qs, q + (sequence + start) * ldq + (i64)head * headDim, ldq, t - start, headDim);
    float acc[R][D / 16] = {};
    float largest[R];
    float sum[R] = {};
    for (int i = 0; i < R; i++) {
        largest[i] = MINUS_INFINITY;
    }
    for (int from = 0; from <= start; from += TILE) {
        __syncthreads();
        loadTile<D, TILE>(ks, k + (sequence + from) * ldk + kvAt, ldk, t - from, headDim);
        loadTile<D, TILE>(vs, v + (sequence + from) * ldv + kvAt, ldv, t - from, headDim);
        __syncthreads();
        float scores[R][R] = {};
        dots<D, TILE>(scores, qs, ks);
#pragma unroll
        for (int i = 0; i < R; i++) {
            int query = start + ty * R + i;
            float tileMax = MINUS_INFINITY;
#pragma unroll
            for (int j = 0; j < R; j++) {
                // A query beyond the sequence sees zeros, which are dropped with its row.
                scores[i][j] = from + tx + 16 * j <= query ? scores[i][j] * scale : MINUS_INFINITY;
                tileMax = fmaxf(tileMax, scores[i][j]);
            }
            float newMax = fmaxf(largest[i], rowMax(tileMax));
            float correction = expf(largest[i] - newMax);
            float tileSum = 0;
#pragma unroll
            for (int j = 0; j < R; j++) {
                scores[i][j] = expf(scores[i][j] - newMax);
                tileSum += scores[i][j];
            }
            largest[i] = newMax;
            sum[i] = sum[i] * correction + rowSum(tileSum);
#pragma unroll
            for (int j = 0; j < D / 16; j++) {
                acc[i][j] *= correction;
            }
        }
        storeScores<TILE>(ps, scores);
        __syncthreads();
        multiply<D, TILE>(acc, ps, vs);
    }
    float factor[R];
    for (int i = 0; i < R; i++) {
        factor[i] = 1 / sum[i];
        int query = start + ty * R + i;
        if (tx == 0 && query < t) {
            lse[((i64)blockIdx.y * heads + head) * t + query] = largest[i] + logf(sum[i]);
        }
    }
    storeRowsAs<D, TILE>(out, outRounded, (sequence + start) * ldo + (i64)head * headDim, ldo, t - start, headDim, acc,
            factor);
}

// delta[b, h, t] = dOut · out, one thread a row and head. Summed up in the order of `dots`, so that the gradient of a
// query that sees one key is 0 and not what rounding leaves.
extern "C" __global__ void attention_delta(
        const void* out, int outRounded, const float* dOut, i64 ldo, float* delta, i64 items, int t, int heads,
        int headDim) {
    for (i64 item = globalThread(); item < items; item += globalThreads()) {
        i64 row = item / heads;
        i64 head = item - row * heads;
        i64 at = row * ldo + head * headDim;
        float sum = 0;
        for (int c = 0; c < headDim; c++) {
            sum = fmaf(getAs(out, outRounded, at + c), dOut[at + c], sum);
        }
        delta[(row / t * heads + head) * t + row % t] = sum;
    }
}

// Probabilities, in place of the dot products, and the gradient of the scaled scores, in place of dOut · v. Rows are
// keys when `byKey`, else queries; statistics are those of the query.
template <int TILE>
__device__ __forceinline__ void scoreGradients(
        float (&p)[TILE / 16][TILE / 16], float (&ds)[TILE / 16][TILE / 16], const float* lse, const float* delta,
        float scale, int queryStart, int keyStart, int t, bool byKey) {
    const int R = TILE / 16;
    int tx = threadIdx.x % 16;
    int ty = threadIdx.x / 16;
#pragma unroll
    for (int i = 0; i < R; i++) {
#pragma unroll
        for (int j = 0; j < R; j++) {
            int row = ty * R + i;
            int column = tx + 16 * j;
            int query = queryStart + (byKey ? column : row);
            int key = keyStart + (byKey ? row : column);
            bool seen = query < t && key <= query;
            p[i][j] = seen ? expf(p[i][j] * scale - lse[query]) : 0;
            ds[i][j] = seen ? p[i][j] * (ds[i][j] - delta[query]) * scale : 0;
        }
    }
}

// dk and dv of a tile of keys, summed over the queries and the heads of its group. Grid: key tiles times kv heads,
// sequences.
template <int D, int TILE>
__device__ __forceinline__ void attentionBackwardKeys(
        const float* q, i64 ldq, const float* k, i64 ldk, const float* v, i64 ldv, float scale, const float* dOut,
        i64 ldo, const float* lse, const float* delta, void* dk, int dkRounded, i64 lddk, void* dv, int dvRounded,
        i64 lddv, int t, int kvHeads, int group, int headDim) {
    const int R = TILE / 16;
    DYNAMIC_SHARED(shared);
    float* ks = shared;
    float* vs = ks + TILE * (D + PAD);
    float* qs = vs + TILE * (D + PAD);
    float* os = qs + TILE * (D + PAD);
    float* ps = os + TILE * (D + PAD);
    int start = blockIdx.x / kvHeads * TILE;
    int kvHead = blockIdx.x % kvHeads;
    i64 sequence = (i64)blockIdx.y * t;
    i64 kvAt = (i64)kvHead * headDim;
    loadTile<D, TILE>(ks, k + (sequence + start) * ldk + kvAt, ldk, t - start, headDim);
    loadTile<D, TILE>(vs, v + (sequence + start) * ldv + kvAt, ldv, t - start, headDim);
    float keys[R][D / 16] = {};
    float values[R][D / 16] = {};
    for (int g = 0; g < group; g++) {
        int head = kvHead * group + g;
        i64 statistics = ((i64)blockIdx.y * kvHeads * group + head) * t;
        for (int from = start; from < t; from += TILE) {
            __syncthreads();
            loadTile<D, TILE>(qs, q + (sequence + from) * ldq + (i64)head * headDim, ldq, t - from, headDim);
            loadTile<D, TILE>(os, dOut + (sequence + from) * ldo + (i64)head * headDim, ldo, t - from, headDim);
            __syncthreads();
            float p[R][R] = {};
            float ds[R][R] = {};
            dots<D, TILE>(p, ks, qs);
            dots<D, TILE>(ds, vs, os);
            scoreGradients<TILE>(p, ds, lse + statistics, delta + statistics, scale, from, start, t, true);
            storeScores<TILE>(ps, p);
            __syncthreads();
            multiply<D, TILE>(values, ps, os);
            __syncthreads();
            storeScores<TILE>(ps, ds);
            __syncthreads();
            multiply<D, TILE>(keys, ps, qs);
        }
    }
    float one[R];
    for (int i = 0; i < R; i++) {
        one[i] = 1;
    }
    storeRowsAs<D, TILE>(dk, dkRounded, (sequence + start) * lddk + kvAt, lddk, t - start, headDim, keys, one);
    storeRowsAs<D, TILE>(dv, dvRounded, (sequence + start) * lddv + kvAt, lddv, t - start, headDim, values, one);
}

// dq of a tile of queries. Grid: query tiles (the longest first) times heads, sequences.
template <int D, int TILE>
__device__ __forceinline__ void attentionBackwardQueries(
        const float* q, i64 ldq, const float* k, i64 ldk, const float* v, i64 ldv, float scale, const float* dOut,
        i64 ldo, const float* lse, const float* delta, void* dq, int dqRounded, i64 lddq, int t, int heads, int group,
        int headDim) {
    const int R = TILE / 16;
    DYNAMIC_SHARED(shared);
    float* qs = shared;
    float* os = qs + TILE * (D + PAD);
    float* ks = os + TILE * (D + PAD);
    float* vs = ks + TILE * (D + PAD);
    float* ps = vs + TILE * (D + PAD);
    int start = (gridDim.x / heads - 1 - blockIdx.x / heads) * TILE;
    int head = blockIdx.x % heads;
    i64 sequence = (i64)blockIdx.y * t;
    i64 kvAt = (i64)(head / group) * headDim;
    i64 statistics = ((i64)blockIdx.y * heads + head) * t;
    loadTile<D, TILE>(qs, q + (sequence + start) * ldq + (i64)head * headDim, ldq, t - start, headDim);
    loadTile<D, TILE>(os, dOut + (sequence + start) * ldo + (i64)head * headDim, ldo, t - start, headDim);
    float queries[R][D / 16] = {};
    for (int from = 0; from <= start; from += TILE) {
        __syncthreads();
        loadTile<D, TILE>(ks, k + (sequence + from) * ldk + kvAt, ldk, t - from, headDim);
        loadTile<D, TILE>(vs, v + (sequence + from) * ldv + kvAt, ldv, t - from, headDim);
        __syncthreads();
        float p[R][R] = {};
        float ds[R][R] = {};
        dots<D, TILE>(p, qs, ks);
        dots<D, TILE>(ds, os, vs);
        scoreGradients<TILE>(p, ds, lse + statistics, delta + statistics, scale, start, from, t, false);
        storeScores<TILE>(ps, ds);
        __syncthreads();
        multiply<D, TILE>(queries, ps, ks);
    }
    float one[R];
    for (int i = 0; i < R; i++) {
        one[i] = 1;
    }
    storeRowsAs<D, TILE>(dq, dqRounded, (sequence + start) * lddq + (i64)head * headDim, lddq, t - start, headDim,
            queries, one);
}

// Head sizes up to D in tiles of TILE rows. The host picks the smallest D and the largest tile whose shared memory fits.
#define ATTENTION(D, TILE)                                                                                           \
    extern "C" __global__ void __launch_bounds__(BLOCK) attention_forward_##D##_##TILE(                              \
            const float* q, i64 ldq, const float* k, i64 ldk, const float* v, i64 ldv, float scale, void* out,       \
            int outRounded, i64 ldo, float* lse, int t, int heads, int group, int headDim) {                         \
        attentionForward<D, TILE>(q, ldq, k, ldk, v, ldv, scale, out, outRounded, ldo, lse, t, heads, group,         \
                headDim);                                                                                            \
    }                                                                                                                \
    extern "C" __global__ void __launch_bounds__(BLOCK) attention_backward_keys_##D##_##TILE(                        \
            const float* q, i64 ldq, const float* k, i64 ldk, const float* v, i64 ldv, float scale,                  \
            const float* dOut, i64 ldo, const float* lse, const float* delta, void* dk, int dkRounded, i64 lddk,     \
            void* dv, int dvRounded, i64 lddv, int t, int kvHeads, int group, int headDim) {                         \
        attentionBackwardKeys<D, TILE>(q, ldq, k, ldk, v, ldv, scale, dOut, ldo, lse, delta, dk, dkRounded, lddk,    \
                dv, dvRounded, lddv, t, kvHeads, group, headDim);                                                    \
    }                                                                                                                \
    extern "C" __global__ void __launch_bounds__(BLOCK) attention_backward_queries_##D##_##TILE(                     \
            const float* q, i64 ldq, const float* k, i64 ldk, const float* v, i64 ldv, float scale,                  \
            const float* dOut, i64 ldo, const float* lse, const float* delta, void* dq, int dqRounded, i64 lddq,     \
            int t, int heads, int group, int headDim) {                                                              \
        attentionBackwardQueries<D, TILE>(q, ldq, k, ldk, v, ldv, scale, dOut, ldo, lse, delta, dq, dqRounded,       \
                lddq, t, heads, group, headDim);                                                                     \
    }

ATTENTION(16, 64)
ATTENTION(32, 64)
ATTENTION(64, 64)
ATTENTION(64, 32)
ATTENTION(128, 64)
ATTENTION(128, 32)
ATTENTION(128, 16)
ATTENTION(256, 32)
ATTENTION(256, 16)
