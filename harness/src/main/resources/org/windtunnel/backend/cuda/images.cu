// Normalisation, gates and shifts of channels-last images [B, pixels, C], which are matrices of rows of C channels.
// Elements of a tensor are counted in 32 bits here, for divisions by C. Sums of columns run in strips as in reduce.cu; a
// block's threads form rows of `lanes` columns, a power of two up to 32, so that few channels fill their warps, too.

// What becomes of a normalised value v: y = scale v + skip, then ReLU.
__device__ __forceinline__ float epilogue(float v, const float* skip, unsigned int i, float scale, int relu) {
    v *= scale;
    if (skip) {
        v += skip[i];
    }
    return relu && v <= 0 ? 0 : v;  // keeps NaN
}

// Gradient of scale v + skip, from that of y.
__device__ __forceinline__ float beforeRelu(const float* dy, const float* y, unsigned int i, int relu) {
    return relu && !(y[i] > 0) ? 0 : dy[i];
}

// (mean, rstd) by channel, [2, C], of batch norm, which has no groups; else by image and group, [B, groups, 2].
__device__ __forceinline__ float normalised(
        float x, const float* stats, int row, int column, int width, int pixels, int groups) {
    if (groups == 0) {
        return (x - stats[column]) * stats[width + column];
    }
    const float* of = stats + 2 * (row / pixels * groups + column / (width / groups));
    return (x - of[0]) * of[1];
}

// Sum over a block's rows for each of its columns, given by the threads of the first row; others get 0.
template <typename T>
__device__ __forceinline__ T rowsSum(T v, int lanes) {
    __shared__ T partial[BLOCK];
    __syncthreads();
    partial[threadIdx.x] = v;
    __syncthreads();
    T total = 0;
    if ((int)threadIdx.x < lanes) {
        for (int i = threadIdx.x; i < BLOCK; i += lanes) {
            total += partial[i];
        }
    }
    return total;
}

// partial[2, strip, C]: mean and summed squared deviations of each strip, taken about its first row so that a large mean
// costs no precision. Block (x, y): `lanes` columns, one strip.
extern "C" __global__ void channel_moments(
        const float* x, int rows, int width, int lanes, int stripRows, float* partial) {
    int column = blockIdx.x * lanes + threadIdx.x % lanes;
    int start = blockIdx.y * stripRows;
    int end = min(rows, start + stripRows);
    float sum = 0;
    float squares = 0;
    float first = 0;
    if (column < width) {
        first = x[(i64)start * width + column];
        for (int row = start + threadIdx.x / lanes; row < end; row += BLOCK / lanes) {
            float d = x[(i64)row * width + column] - first;
            sum += d;
            squares += d * d;
        }
    }
    sum = rowsSum(sum, lanes);
    squares = rowsSum(squares, lanes);
    if ((int)threadIdx.x < lanes && column < width) {
        i64 at = (i64)blockIdx.y * width + column;
        float mean = sum / (end - start);
        partial[at] = first + mean;
        partial[(i64)gridDim.y * width + at] = max(0.0f, squares - sum * mean);
    }
}

// stats[2, C] = (mean, rstd), and the running statistics unless null.
extern "C" __global__ void finish_channel_moments(
        const float* partial, int strips, int rows, int width, int lanes, int stripRows, float eps, float* stats,
        float* runningMean, float* runningVar, float momentum) {
    __shared__ double means[WARP];
    int column = blockIdx.x * lanes + threadIdx.x % lanes;
    int first = column < width ? threadIdx.x / lanes : strips;
    double sum = 0;
    for (int s = first; s < strips; s += BLOCK / lanes) {
        sum += (double)partial[(i64)s * width + column] * min(stripRows, rows - s * stripRows);
    }
    sum = rowsSum(sum, lanes);
    if ((int)threadIdx.x < lanes) {
        means[threadIdx.x] = sum / rows;
    }
    __syncthreads();
    double mean = means[threadIdx.x % lanes];
    double squares = 0;
    for (int s = first; s < strips; s += BLOCK / lanes) {
        double d = partial[(i64)s * width + column] - mean;
        squares += partial[(i64)(strips + s) * width + column] + d * d * min(stripRows, rows - s * stripRows);
    }
    squares = rowsSum(squares, lanes);
    if ((int)threadIdx.x < lanes && column < width) {
        stats[column] = (float)mean;
        stats[width + column] = (float)(1 / sqrt(squares / rows + eps));
        if (runningMean) {
            float unbiased = (float)(squares / max(1, rows - 1));
            runningMean[column] = (1 - momentum) * runningMean[column] + momentum * (float)mean;
            runningVar[column] = (1 - momentum) * runningVar[column] + momentum * unbiased;
        }
    }
}

// stats[B, groups, 2] = (mean, rstd); block (image, group).
extern "C" __global__ void group_moments(const float* x, int pixels, int width, int groups, float eps, float* stats) {
    int channels = width / groups;
    int count = pixels * channels;
    const float* in = x + (i64)blockIdx.x * pixels * width + blockIdx.y * channels;
    double sum = 0;
    for (int i = threadIdx.x; i < count; i += BLOCK) {
        sum += in[i / channels * width + i % channels];
    }
    double mean = blockSum(sum) / count;
    double squares = 0;
    for (int i = threadIdx.x; i < count; i += BLOCK) {
        float d = in[i / channels * width + i % channels] - (float)mean;
        squares += d * d;
    }
    squares = blockSum(squares);
    if (threadIdx.x == 0) {
        float* out = stats + 2 * ((i64)blockIdx.x * groups + blockIdx.y);
        out[0] = (float)mean;
        out[1] = (float)(1 / sqrt(squares / count + eps));
    }
}

extern "C" __global__ void channel_norm_forward(
        const float* x, const float* gain, const float* bias, const float* stats, const float* skip, float* y,
        unsigned int n, int width, int pixels, int groups, float scale, int relu) {
    for (unsigned int i = globalThread(); i < n; i += globalThreads()) {
        int row = i / width;
        int column = i - row * width;
        float v = normalised(x[i], stats, row, column, width, pixels, groups) * gain[column] + bias[column];
        y[i] = epilogue(v, skip, i, scale, relu);
    }
}

// With running statistics in place of stats.
extern "C" __global__ void channel_norm_inference(
        const float* x, const float* gain, const float* bias, const float* mean, const float* variance,
        const float* skip, float* y, unsigned int n, int width, float eps, float scale, int relu) {
    for (unsigned int i = globalThread(); i < n; i += globalThreads()) {
        int column = i % width;
        float rstd = 1 / sqrtf(variance[column] + eps);
        float v = (x[i] - mean[column]) * rstd * gain[column] + bias[column];
        y[i] = epilogue(v, skip, i, scale, relu);
    }
}

// partial[2, strip, C]: sums of d and d · normalised x, d being the gradient of v; the first alone if x is null.
extern "C" __global__ void channel_gradients(
        const float* x, const float* stats, const float* factors, const float* dy, const float* y, int rows, int width,
        int lanes, int stripRows, int pixels, int groups, float scale, int relu, float* partial) {
    int column = blockIdx.x * lanes + threadIdx.x % lanes;
    int start = blockIdx.y * stripRows;
    int end = min(rows, start + stripRows);
    float sum = 0;
    float along = 0;
    if (column < width) {
        for (int row = start + threadIdx.x / lanes; row < end; row += BLOCK / lanes) {
            unsigned int i = (unsigned int)row * width + column;
            float d = beforeRelu(dy, y, i, relu) * scale;
            if (factors) {
                d *= factors[row / pixels];
            }
            sum += d;
            if (x) {
                along += d * normalised(x[i], stats, row, column, width, pixels, groups);
            }
        }
    }
    sum = rowsSum(sum, lanes);
    along = rowsSum(along, lanes);
    if ((int)threadIdx.x < lanes && column < width) {
        i64 at = (i64)blockIdx.y * width + column;
        partial[at] = sum;
        if (x) {
            partial[(i64)gridDim.y * width + at] = along;
        }
    }
}

// sums[2, C] from the strips; dBias (+)= the first row, dGain (+)= the second. Without dGain there is only the first.
extern "C" __global__ void finish_channel_gradients(
        const float* partial, int strips, int width, int lanes, float* sums, float* dBias, float* dGain,
        int accumulate) {
    int column = blockIdx.x * lanes + threadIdx.x % lanes;
    int first = column < width ? threadIdx.x / lanes : strips;
    double sum = 0;
    double along = 0;
    for (int s = first; s < strips; s += BLOCK / lanes) {
        sum += partial[(i64)s * width + column];
        if (dGain) {
            along += partial[(i64)(strips + s) * width + column];
        }
    }
    sum = rowsSum(sum, lanes);
    along = rowsSum(along, lanes);
    if ((int)threadIdx.x < lanes && column < width) {
        sums[column] = (float)sum;
        dBias[column] = accumulate ? dBias[column] + (float)sum : (float)sum;
        if (dGain) {
            sums[width + column] = (float)along;
            dGain[column] = accumulate ? dGain[column] + (float)along : (float)along;
        }
    }
}

// sums[B, groups, 2] = means over a group of d · gain and d · gain · normalised x; block (image, group).
extern "C" __global__ void group_gradients(
        const float* x, const float* gain, const float* stats, const float* dy, const float* y, int pixels, int width,
        int groups, float scale, int relu, float* sums) {
    int channels = width / groups;
    int count = pixels * channels;
    i64 of = 2 * ((i64)blockIdx.x * groups + blockIdx.y);
    float mean = stats[of];
    float rstd = stats[of + 1];
    double sum = 0;
    double along = 0;
    for (int i = threadIdx.x; i < count; i += BLOCK) {
        int column = blockIdx.y * channels + i % channels;
        unsigned int at = (blockIdx.x * pixels + i / channels) * width + column;
        float d = beforeRelu(dy, y, at, relu) * scale * gain[column];
        sum += d;
        along += d * (x[at] - mean) * rstd;
    }
    sum = blockSum(sum);
    along = blockSum(along);
    if (threadIdx.x == 0) {
        sums[of] = (float)(sum / count);
        sums[of + 1] = (float)(along / count);
    }
}

// dx, which may be dy, and dSkip (or null), which may be dy. sums are those of finish_channel_gradients or, with groups,
// of group_gradients.
extern "C" __global__ void channel_norm_backward(
        const float* x, const float* gain, const float* stats, const float* sums, const float* dy, const float* y,
        float* dx, float* dSkip, unsigned int n, int width, int pixels, int groups, float scale, int relu,
        int addToSkip) {
    float share = groups ? 0 : 1 / (float)(n / width);
    for (unsigned int i = globalThread(); i < n; i += globalThreads()) {
        int row = i / width;
        int column = i - row * width;
        float d = beforeRelu(dy, y, i, relu);
        float out = d * scale * gain[column];
        float rstd;
        if (groups) {
            int of = 2 * (row / pixels * groups + column / (width / groups));
            rstd = stats[of + 1];
            out -= sums[of] + (x[i] - stats[of]) * rstd * sums[of + 1];
        } else {
            rstd = stats[width + column];
            float along = (x[i] - stats[column]) * rstd * sums[width + column];
            out -= gain[column] * share * (sums[column] + along);
        }
        if (dSkip) {
            dSkip[i] = addToSkip ? dSkip[i] + d : d;
        }
        dx[i] = out * rstd;
    }
}

// v = factors[image] (x + bias); bias and factors may be null.
extern "C" __global__ void shift_forward(
        const float* x, const float* bias, const float* factors, const float* skip, float* y, unsigned int n, int width,
        int imageSize, float scale, int relu) {
    for (unsigned int i = globalThread(); i < n; i += globalThreads()) {
        float v = bias ? x[i] + bias[i % width] : x[i];
        y[i] = epilogue(factors ? v * factors[i / imageSize] : v, skip, i, scale, relu);
    }
}

extern "C" __global__ void shift_backward(
        const float* factors, const float* dy, const float* y, float* dx, float* dSkip, unsigned int n, int imageSize,
        float scale, int relu, int addToSkip) {
    for (unsigned int i = globalThread(); i < n; i += globalThreads()) {
        float d = beforeRelu(dy, y, i, relu);
        if (dSkip) {
            dSkip[i] = addToSkip ? dSkip[i] + d : d;
        }
        dx[i] = d * scale * (factors ? factors[i / imageSize] : 1);
    }
}

__device__ __forceinline__ float sigmoid(float x) {
    return 1 / (1 + expf(-x));
}

// y = x · sigmoid(gates[image, channel]); y may be x.
extern "C" __global__ void gate_forward(
        const float* x, const float* gates, float* y, unsigned int n, int width, int pixels) {
    for (unsigned int i = globalThread(); i < n; i += globalThreads()) {
        unsigned int row = i / width;
        y[i] = x[i] * sigmoid(gates[row / pixels * width + (i - row * width)]);
    }
}

// out[image, channel] = scale · the sum over pixels of x, or, with dy and gates, the sum of x · dy times the gate's slope.
// Block (image, columns).
extern "C" __global__ void image_sums(
        const float* x, const float* dy, const float* gates, int pixels, int width, int lanes, float scale,
        float* out) {
    int column = blockIdx.y * lanes + threadIdx.x % lanes;
    float sum = 0;
    if (column < width) {
        i64 at = (i64)blockIdx.x * pixels * width + column;
        for (int pixel = threadIdx.x / lanes; pixel < pixels; pixel += BLOCK / lanes) {
            i64 i = at + (i64)pixel * width;
            sum += dy ? x[i] * dy[i] : x[i];
        }
    }
    sum = rowsSum(sum, lanes) * scale;
    if ((int)threadIdx.x < lanes && column < width) {
        i64 to = (i64)blockIdx.x * width + column;
        float open = gates ? sigmoid(gates[to]) : 0;
        out[to] = gates ? sum * open * (1 - open) : sum;
    }
}
