// Layer and RMS normalisation: one warp a row, and column sums in strips for the gradients of gain and bias.

__device__ __forceinline__ int warpRow() {
    return (int)(globalThread() / WARP);
}

template <typename T>
__device__ __forceinline__ void layerNormForward(
        const float* x, const float* gain, const float* bias, T* y, float* stats, int rows, int width, float eps) {
    int row = warpRow();
    int lane = threadIdx.x % WARP;
    if (row >= rows) {
        return;
    }
    const float* in = x + (i64)row * width;
    T* out = y + (i64)row * width;
    float sum = 0;
    for (int c = lane; c < width; c += WARP) {
        sum += in[c];
    }
    float mean = warpSum(sum) / width;
    float squares = 0;
    for (int c = lane; c < width; c += WARP) {
        float d = in[c] - mean;
        squares += d * d;
    }
    float rstd = 1 / sqrtf(warpSum(squares) / width + eps);
    bool whole = sizeof(T) == sizeof(Rounded) && aligned(x) && aligned(gain) && aligned(bias) && aligned(y)
            && width % GROUP == 0;
    for (int c = lane * GROUP; whole && c < width; c += WARP * GROUP) {
        float v[GROUP];
        float g[GROUP];
        float b[GROUP] = {};
        getGroup(in + c, v);
        getGroup(gain + c, g);
        if (bias) {
            getGroup(bias + c, b);
        }
#pragma unroll
        for (int j = 0; j < GROUP; j++) {
            v[j] = (v[j] - mean) * rstd * g[j];
            v[j] = bias ? v[j] + b[j] : v[j];
        }
        putGroup(out + c, v);
    }
    for (int c = lane; !whole && c < width; c += WARP) {
        float v = (in[c] - mean) * rstd * gain[c];
        put(out + c, bias ? v + bias[c] : v);
    }
    if (lane == 0) {
        stats[2 * (i64)row] = mean;
        stats[2 * (i64)row + 1] = rstd;
    }
}

extern "C" __global__ void layer_norm_forward(
        const float* x, const float* gain, const float* bias, float* y, float* stats, int rows, int width, float eps) {
    layerNormForward(x, gain, bias, y, stats, rows, width, eps);
}

extern "C" __global__ void layer_norm_forward_bf16(
        const float* x, const float* gain, const float* bias, Rounded* y, float* stats, int rows, int width,
        float eps) {
    layerNormForward(x, gain, bias, y, stats, rows, width, eps);
}

// stream = before + branch + bias (or null) in a warp's row, which the whole warp may read then.
__device__ __forceinline__ void addBranch(
        const float* before, const float* branch, const float* bias, float* stream, int rows, int width) {
    int row = warpRow();
    i64 at = (i64)row * width;
    for (int c = threadIdx.x % WARP; row < rows && c < width; c += WARP) {
        float v = before[at + c] + branch[at + c];
        stream[at + c] = bias ? v + bias[c] : v;
    }
    __syncwarp();
}

extern "C" __global__ void add_layer_norm_forward(
        const float* before, const float* branch, const float* branchBias, float* stream, const float* gain,
        const float* bias, float* y, float* stats, int rows, int width, float eps) {
    addBranch(before, branch, branchBias, stream, rows, width);
    layerNormForward(stream, gain, bias, y, stats, rows, width, eps);
}

extern "C" __global__ void add_layer_norm_forward_bf16(
        const float* before, const float* branch, const float* branchBias, float* stream, const float* gain,
        const float* bias, Rounded* y, float* stats, int rows, int width, float eps) {
    addBranch(before, branch, branchBias, stream, rows, width);
    layerNormForward(stream, gain, bias, y, stats, rows, width, eps);
}

// dx may be dy: a warp has read all of a row before it writes an element that another lane reads. rounded (or null) is
// dx in bf16.
extern "C" __global__ void layer_norm_backward(
        const float* x, const float* gain, const float* stats, const float* dy, float* dx, Rounded* rounded, int rows,
        int width, int add) {
    int row = warpRow();
    int lane = threadIdx.x % WARP;
    if (row >= rows) {
        return;
    }
    i64 at = (i64)row * width;
    float mean = stats[2 * (i64)row];
    float rstd = stats[2 * (i64)row + 1];
    float sum = 0;
    float along = 0;
    for (int c = lane; c < width; c += WARP) {
        float g = dy[at + c] * gain[c];
        sum += g;
        along += g * (x[at + c] - mean) * rstd;
    }
    sum = warpSum(sum) / width;
    along = warpSum(along) / width;
    for (int c = lane; c < width; c += WARP) {
        float normalised = (x[at + c] - mean) * rstd;
        float d = (dy[at + c] * gain[c] - sum - normalised * along) * rstd;
        d = add ? dx[at + c] + d : d;
        dx[at + c] = d;
        if (rounded) {
            put(rounded + at + c, d);
        }
    }
}

// partialGain and partialBias (or null) [strip, width].
extern "C" __global__ void layer_norm_parameters(
        const float* x, const float* stats, const float* dy, int rows, int width, int stripRows, float* partialGain,
        float* partialBias) {
    int column = blockIdx.x * WARP + threadIdx.x % WARP;
    int end = min(rows, (int)(blockIdx.y + 1) * stripRows);
    float gain = 0;
    float bias = 0;
    if (column < width) {
        for (int row = blockIdx.y * stripRows + threadIdx.x / WARP; row < end; row += BLOCK / WARP) {
            i64 at = (i64)row * width + column;
            gain += dy[at] * (x[at] - stats[2 * (i64)row]) * stats[2 * (i64)row + 1];
            bias += dy[at];
        }
    }
    gain = columnBlockSum(gain);
    bias = columnBlockSum(bias);
    if (threadIdx.x < WARP && column < width) {
        i64 at = (i64)blockIdx.y * width + column;
        partialGain[at] = gain;
        if (partialBias) {
            partialBias[at] = bias;
        }
    }
}

// One warp a group of width elements; group g of a row starts g * width elements into it.
template <typename T>
__device__ __forceinline__ void rmsNormForward(
        const float* x, i64 ldx, const float* gain, T* y, i64 ldy, float* rstd, int rows, int groups, int width,
        float eps) {
    int item = warpRow();
    int lane = threadIdx.x % WARP;
    if (item >= rows * groups) {
        return;
    }
    int row = item / groups;
    i64 group = (i64)(item - row * groups) * width;
    const float* in = x + row * ldx + group;
    T* out = y + row * ldy + group;
    float squares = 0;
    for (int c = lane; c < width; c += WARP) {
        squares += in[c] * in[c];
    }
    float scale = 1 / sqrtf(warpSum(squares) / width + eps);
    bool whole = sizeof(T) == sizeof(Rounded) && aligned(in) && aligned(gain) && aligned(out) && width % GROUP == 0;
    for (int c = lane * GROUP; whole && c < width; c += WARP * GROUP) {
        float v[GROUP];
        float g[GROUP];
        getGroup(in + c, v);
        getGroup(gain + c, g);
#pragma unroll
        for (int j = 0; j < GROUP; j++) {
            v[j] = v[j] * scale * g[j];
        }
        putGroup(out + c, v);
    }
    for (int c = lane; !whole && c < width; c += WARP) {
        put(out + c, in[c] * scale * gain[c]);
    }
    if (lane == 0) {
        rstd[item] = scale;
    }
}

extern "C" __global__ void rms_norm_forward(
        const float* x, i64 ldx, const float* gain, float* y, i64 ldy, float* rstd, int rows, int groups, int width,
        float eps) {
    rmsNormForward(x, ldx, gain, y, ldy, rstd, rows, groups, width, eps);
}

extern "C" __global__ void rms_norm_forward_bf16(
        const float* x, i64 ldx, const float* gain, Rounded* y, i64 ldy, float* rstd, int rows, int groups, int width,
        float eps) {
    rmsNormForward(x, ldx, gain, y, ldy, rstd, rows, groups, width, eps);
}

extern "C" __global__ void add_rms_norm_forward(
        const float* before, const float* branch, const float* branchBias, float* stream, const float* gain, float* y,
        float* rstd, int rows, int width, float eps) {
    addBranch(before, branch, branchBias, stream, rows, width);
    rmsNormForward(stream, width, gain, y, width, rstd, rows, 1, width, eps);
}

extern "C" __global__ void add_rms_norm_forward_bf16(
        const float* before, const float* branch, const float* branchBias, float* stream, const float* gain, Rounded* y,
        float* rstd, int rows, int width, float eps) {
    addBranch(before, branch, branchBias, stream, rows, width);
    rmsNormForward(stream, width, gain, y, width, rstd, rows, 1, width, eps);
}

// dx has the row distance of x; it may be dy where the distances are equal. rounded (or null) is dx in bf16.
template <typename T>
__device__ __forceinline__ void rmsNormBackward(
        const float* x, i64 ldx, const float* gain, const float* rstd, const float* dy, i64 ldy, T* dx,
        Rounded* rounded, int rows, int groups, int width, bool add) {
    int item = warpRow();
    int lane = threadIdx.x % WARP;
    if (item >= rows * groups) {
        return;
    }
    int row = item / groups;
    i64 group = (i64)(item - row * groups) * width;
    const float* in = x + row * ldx + group;
    const float* dOut = dy + row * ldy + group;
    T* dIn = dx + row * ldx + group;
    float scale = rstd[item];
    float along = 0;
    for (int c = lane; c < width; c += WARP) {
        along += dOut[c] * gain[c] * in[c] * scale;
    }
    along = warpSum(along) / width;
    for (int c = lane; c < width; c += WARP) {
        float d = (dOut[c] * gain[c] - in[c] * scale * along) * scale;
        d = add ? get(dIn + c) + d : d;
        put(dIn + c, d);
        if (rounded) {
            put(rounded + (dIn - dx) + c, d);
        }
    }
}

extern "C" __global__ void rms_norm_backward(
        const float* x, i64 ldx, const float* gain, const float* rstd, const float* dy, i64 ldy, float* dx,
        Rounded* rounded, int rows, int groups, int width, int add) {
    rmsNormBackward(x, ldx, gain, rstd, dy, ldy, dx, rounded, rows, groups, width, add);
}

extern "C" __global__ void rms_norm_backward_bf16(
        const float* x, i64 ldx, const float* gain, const float* rstd, const float* dy, i64 ldy, Rounded* dx, int rows,
        int groups, int width) {
    rmsNormBackward(x, ldx, gain, rstd, dy, ldy, dx, (Rounded*)0, rows, groups, width, false);
}

// partialGain [strip, width] over items, which are groups of rows.
extern "C" __global__ void rms_norm_parameters(
        const float* x, i64 ldx, const float* rstd, const float* dy, i64 ldy, int items, int groups, int width,
        int stripItems, float* partialGain) {
    int column = blockIdx.x * WARP + threadIdx.x % WARP;
    int end = min(items, (int)(blockIdx.y + 1) * stripItems);
    float gain = 0;
    if (column < width) {
        for (int item = blockIdx.y * stripItems + threadIdx.x / WARP; item < end; item += BLOCK / WARP) {
            int row = item / groups;
            i64 at = (i64)(item - row * groups) * width + column;
            gain += dy[row * ldy + at] * x[row * ldx + at] * rstd[item];
        }
    }
    gain = columnBlockSum(gain);
    if (threadIdx.x < WARP && column < width) {
        partialGain[(i64)blockIdx.y * width + column] = gain;
    }
}
