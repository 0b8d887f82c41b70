// Embedding tables and losses against class ids. A bad id sets *fault and is treated as one that is left out.

#define PASS 1024

__device__ __forceinline__ bool inVocabulary(int id, int vocabulary, int* fault) {
    if (id >= 0 && id < vocabulary) {
        return true;
    }
    *fault = id < 0 ? -1 : id;  // whichever write comes last; the host only reports that there was one
    return false;
}

extern "C" __global__ void embedding_forward(
        const int* ids, int t, const float* tokens, const float* positions, float mult, float* out, i64 n, int width,
        int vocabulary, int* fault) {
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        i64 row = i / width;
        int column = (int)(i - row * width);
        int id = ids[row];
        float v = inVocabulary(id, vocabulary, fault) ? tokens[(i64)id * width + column] : 0;
        if (positions) {
            v += positions[row % t * width + column];
        }
        out[i] = v * mult;
    }
}

// Adds the rows of dOut whose id is blockIdx.x to that row of table + blockIdx.y * tableSize. Block (x, y) looks at ids
// [y, y + 1) * chunk. Every pass lists the matching rows of 1024 ids in their order, then 8 warps share the list.
extern "C" __global__ void embedding_backward(
        const int* ids, int rows, int chunk, const float* dOut, float mult, float* table, i64 tableSize, int width,
        int vocabulary, int* fault) {
    __shared__ int matches[PASS];
    __shared__ int warpTotals[BLOCK / WARP];
    int lane = threadIdx.x % WARP;
    int warp = threadIdx.x / WARP;
    int end = min(rows, (int)(blockIdx.y + 1) * chunk);
    float* to = table + blockIdx.y * tableSize + (i64)blockIdx.x * width;
    for (int start = blockIdx.y * chunk; start < end; start += PASS) {
        unsigned int mine = 0;
        for (int j = 0; j < PASS / BLOCK; j++) {
            int row = start + threadIdx.x * (PASS / BLOCK) + j;
            int id = row < end ? ids[row] : (int)blockIdx.x + 1;
            mine |= (id == (int)blockIdx.x) << j;
            if (blockIdx.x == 0 && row < end) {
                inVocabulary(id, vocabulary, fault);
            }
        }
        if (!__syncthreads_or(mine != 0)) {
            continue;
        }
        int before = __popc(mine);
        for (int offset = 1; offset < WARP; offset <<= 1) {
            int other = __shfl_up_sync(ALL_LANES, before, offset);
            before += lane >= offset ? other : 0;
        }
        if (lane == WARP - 1) {
            warpTotals[warp] = before;
        }
        before -= __popc(mine);
        __syncthreads();
        int total = 0;
        for (int w = 0; w < BLOCK / WARP; w++) {
            before += w < warp ? warpTotals[w] : 0;
            total += warpTotals[w];
        }
        for (int j = 0; j < PASS / BLOCK; j++) {
            if (mine >> j & 1) {
                matches[before++] = start + threadIdx.x * (PASS / BLOCK) + j;
            }
        }
        __syncthreads();
        for (int first = 0; first < width; first += WARP) {
            int column = first + lane;
            float sum = 0;
            if (column < width) {
                for (int i = warp; i < total; i += BLOCK / WARP) {
                    sum += dOut[(i64)matches[i] * width + column];
                }
            }
            sum = columnBlockSum(sum);
            if (warp == 0 && column < width) {
                to[column] = fmaf(mult, sum, to[column]);
            }
        }
    }
}

// out[i] += the strips' values, in order.
extern "C" __global__ void add_strips(const float* partial, int strips, float* out, i64 n) {
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        float sum = out[i];
        for (int strip = 0; strip < strips; strip++) {
            sum += partial[strip * n + i];
        }
        out[i] = sum;
    }
}

// Row p of the position table gets the rows p, p + t, p + 2t ... of dOut.
extern "C" __global__ void position_backward(
        const float* dOut, int rows, int t, float mult, float* table, int width, int accumulate) {
    i64 i = globalThread();
    if (i >= (i64)t * width) {
        return;
    }
    float sum = 0;
    for (i64 at = i; at < (i64)rows * width; at += (i64)t * width) {
        sum += dOut[at];
    }
    table[i] = accumulate ? fmaf(mult, sum, table[i]) : mult * sum;
}

// The largest value of a row and Σ exp(x - largest), kept up as values come in.
struct Softmax {
    float largest;
    float sum;
};

__device__ __forceinline__ Softmax merge(Softmax a, Softmax b) {
    Softmax c;
    c.largest = fmaxf(a.largest, b.largest);
    c.sum = a.sum * expf(a.largest - c.largest) + b.sum * expf(b.largest - c.largest);
    return c;
}

__device__ __forceinline__ Softmax warpSoftmax(Softmax s) {
    for (int offset = WARP / 2; offset > 0; offset >>= 1) {
        Softmax other;
        other.largest = __shfl_xor_sync(ALL_LANES, s.largest, offset);
        other.sum = __shfl_xor_sync(ALL_LANES, s.sum, offset);
        s = merge(s, other);
    }
    // One lane's value for all: the lanes merge in different orders.
    s.largest = __shfl_sync(ALL_LANES, s.largest, 0);
    s.sum = __shfl_sync(ALL_LANES, s.sum, 0);
    return s;
}

// Targets t = (1 - smoothing) ((1 - share) e_first + share e_second) + smoothing / width; without second labels share is 0.
struct SoftTarget {
    double smoothing;
    double share;
    int first;
    int second;
    int width;
};

__device__ __forceinline__ SoftTarget softTarget(
        double smoothing, const int* seconds, const float* shares, int row, int first, int width) {
    SoftTarget s;
    s.smoothing = smoothing;
    s.share = seconds ? shares[row] : 0;
    s.first = first;
    s.second = seconds ? seconds[row] : -1;
    s.width = width;
    return s;
}

// e_first - t at class c.
__device__ __forceinline__ double fromFirst(SoftTarget s, int c) {
    double hard = (c == s.first ? 1 - s.share : 0) + (c == s.second ? s.share : 0);
    return (c == s.first ? 1 : 0) - ((1 - s.smoothing) * hard + s.smoothing / s.width);
}

// One row by a warp (THREADS 32) or by the block (256). losses[row] = {nll, lse²}. Soft targets add (e - t)·z to the loss
// and e - t to its gradient, which is null for none, or the logits, or apart from them in rows at distance ld.
template <int THREADS, bool SOFT, typename T>
__device__ __forceinline__ void crossEntropyRow(
        const float* logits, const int* targets, int rows, int width, double zWeight, double gradScale, T* gradient,
        i64 ld, double* losses, int* fault, double smoothing, const int* seconds, const float* shares) {
    __shared__ Softmax partial[BLOCK / WARP];
    int row = blockIdx.x * (BLOCK / THREADS) + threadIdx.x / THREADS;
    int first = threadIdx.x % THREADS;
    if (row >= rows) {
        return;
    }
    const float* x = logits + (i64)row * width;
    T* d = gradient + row * ld;
    int target = targets[row];
    if (target < 0 || !inVocabulary(target, width, fault)) {
        for (int c = first; gradient && c < width; c += THREADS) {
            put(d + c, 0);
        }
        if (first == 0) {
            losses[2 * (i64)row] = 0;
            losses[2 * (i64)row + 1] = 0;
        }
        return;
    }
    SoftTarget t = softTarget(smoothing, seconds, shares, row, target, width);
    double linear = 0;
    Softmax s;
    s.largest = -3.402823466e38f;
    s.sum = 0;
    for (int c = first; c < width; c += THREADS) {
        float v = x[c];
        if (SOFT) {
            linear += fromFirst(t, c) * v;
        }
        if (v > s.largest) {
            s.sum = s.sum * expf(s.largest - v) + 1;
            s.largest = v;
        } else {
            s.sum += expf(v - s.largest);
        }
    }
    float wanted = x[target];
    s = warpSoftmax(s);
    if (THREADS > WARP) {
        if (first % WARP == 0) {
            partial[first / WARP] = s;
        }
        __syncthreads();
        s = partial[0];
        for (int w = 1; w < THREADS / WARP; w++) {
            s = merge(s, partial[w]);
        }
    }
    if (SOFT) {
        linear = THREADS > WARP ? blockSum(linear) : warpSum(linear);
    }
    double lse = s.largest + log((double)s.sum);
    if (first == 0) {
        losses[2 * (i64)row] = lse - wanted + linear;
        losses[2 * (i64)row + 1] = lse * lse;
    }
    // No thread may overwrite the target's logit before all have read it.
    __syncwarp();
    float weight = (float)(gradScale * (1 + 2 * zWeight * lse) / s.sum);
    // Rows of bf16 that begin at a word are written in words.
    int each = sizeof(T) == sizeof(Rounded) && ((unsigned long long)gradient % 4 | ld % 2) == 0 ? 2 : 1;
    for (int c = first * each; gradient && c < width; c += THREADS * each) {
        float v[2];
#pragma unroll
        for (int j = 0; j < 2; j++) {
            if (j < each && c + j < width) {
                v[j] = expf(x[c + j] - s.largest) * weight;
                v[j] = c + j == target ? v[j] - (float)gradScale : v[j];
                v[j] = SOFT ? (float)(v[j] + gradScale * fromFirst(t, c + j)) : v[j];
            }
        }
        if (each == 2 && c + 1 < width) {
            *(unsigned int*)(d + c) = bf16(v[0]) | bf16(v[1]) << 16;
        } else {
            put(d + c, v[0]);
        }
    }
}

extern "C" __global__ void cross_entropy_by_warp(
        const float* logits, const int* targets, int rows, int width, double zWeight, double gradScale,
        float* gradient, i64 ld, double* losses, int* fault) {
    crossEntropyRow<WARP, false>(logits, targets, rows, width, zWeight, gradScale, gradient, ld, losses, fault,
            0, 0, 0);
}

extern "C" __global__ void cross_entropy_by_block(
        const float* logits, const int* targets, int rows, int width, double zWeight, double gradScale,
        float* gradient, i64 ld, double* losses, int* fault) {
    crossEntropyRow<BLOCK, false>(logits, targets, rows, width, zWeight, gradScale, gradient, ld, losses, fault,
            0, 0, 0);
}

extern "C" __global__ void cross_entropy_by_warp_bf16(
        const float* logits, const int* targets, int rows, int width, double zWeight, double gradScale,
        Rounded* gradient, i64 ld, double* losses, int* fault) {
    crossEntropyRow<WARP, false>(logits, targets, rows, width, zWeight, gradScale, gradient, ld, losses, fault,
            0, 0, 0);
}

extern "C" __global__ void cross_entropy_by_block_bf16(
        const float* logits, const int* targets, int rows, int width, double zWeight, double gradScale,
        Rounded* gradient, i64 ld, double* losses, int* fault) {
    crossEntropyRow<BLOCK, false>(logits, targets, rows, width, zWeight, gradScale, gradient, ld, losses, fault,
            0, 0, 0);
}

extern "C" __global__ void soft_cross_entropy_by_warp(
        const float* logits, const int* targets, int rows, int width, double zWeight, double gradScale,
        float* gradient, i64 ld, double* losses, int* fault, double smoothing, const int* seconds,
        const float* shares) {
    crossEntropyRow<WARP, true>(logits, targets, rows, width, zWeight, gradScale, gradient, ld, losses, fault,
            smoothing, seconds, shares);
}

extern "C" __global__ void soft_cross_entropy_by_block(
        const float* logits, const int* targets, int rows, int width, double zWeight, double gradScale,
        float* gradient, i64 ld, double* losses, int* fault, double smoothing, const int* seconds,
        const float* shares) {
    crossEntropyRow<BLOCK, true>(logits, targets, rows, width, zWeight, gradScale, gradient, ld, losses, fault,
            smoothing, seconds, shares);
}

// One row by a warp. losses[row] = {½ ‖logits - e_target‖², ‖logits‖²}. Soft targets add (e - t)·(z - e) + ½ ‖e - t‖² to
// the loss and e - t to its gradient.
template <bool SOFT, typename T>
__device__ __forceinline__ void squaredErrorRow(
        const float* logits, const int* targets, int rows, int width, float gradScale, T* gradient, i64 ld,
        double* losses, int* fault, double smoothing, const int* seconds, const float* shares) {
    int row = (int)(globalThread() / WARP);
    int lane = threadIdx.x % WARP;
    if (row >= rows) {
        return;
    }
    const float* x = logits + (i64)row * width;
    int target = targets[row];
    bool counted = target >= 0 && inVocabulary(target, width, fault);
    SoftTarget t = softTarget(smoothing, seconds, shares, row, target, width);
    double squares = 0;
    double soft = 0;
    for (int c = lane; counted && c < width; c += WARP) {
        squares += (double)x[c] * x[c];
        if (SOFT) {
            double d = fromFirst(t, c);
            soft += d * (c == target ? x[c] - 1.0 : x[c]) + d * d / 2;
        }
    }
    squares = warpSum(squares);
    if (SOFT) {
        soft = warpSum(soft);
    }
    if (lane == 0) {
        losses[2 * (i64)row] = counted ? (squares + 1) / 2 - x[target] + soft : 0;
        losses[2 * (i64)row + 1] = squares;
    }
    __syncwarp();
    for (int c = lane; gradient && c < width; c += WARP) {
        float v = counted ? gradScale * (c == target ? x[c] - 1 : x[c]) : 0;
        put(gradient + row * ld + c, SOFT && counted ? (float)(v + gradScale * fromFirst(t, c)) : v);
    }
}

extern "C" __global__ void squared_error(
        const float* logits, const int* targets, int rows, int width, float gradScale, float* gradient, i64 ld,
        double* losses, int* fault) {
    squaredErrorRow<false>(logits, targets, rows, width, gradScale, gradient, ld, losses, fault, 0, 0, 0);
}

extern "C" __global__ void squared_error_bf16(
        const float* logits, const int* targets, int rows, int width, float gradScale, Rounded* gradient, i64 ld,
        double* losses, int* fault) {
    squaredErrorRow<false>(logits, targets, rows, width, gradScale, gradient, ld, losses, fault, 0, 0, 0);
}

extern "C" __global__ void soft_squared_error(
        const float* logits, const int* targets, int rows, int width, float gradScale, float* gradient, i64 ld,
        double* losses, int* fault,
        double smoothing, const int* seconds, const float* shares) {
    squaredErrorRow<true>(logits, targets, rows, width, gradScale, gradient, ld, losses, fault, smoothing, seconds,
            shares);
}

// sums = {Σ loss, Σ square, rows with a target}; one block.
extern "C" __global__ void sum_losses(const double* losses, const int* targets, int rows, double* sums) {
    double loss = 0;
    double square = 0;
    double count = 0;
    for (int row = threadIdx.x; row < rows; row += blockDim.x) {
        loss += losses[2 * (i64)row];
        square += losses[2 * (i64)row + 1];
        count += targets[row] >= 0 ? 1 : 0;
    }
    loss = blockSum(loss);
    square = blockSum(square);
    count = blockSum(count);
    if (threadIdx.x == 0) {
        sums[0] = loss;
        sums[1] = square;
        sums[2] = count;
    }
}
