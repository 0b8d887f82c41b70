// Kernels on many tensors at once, by numbers that are read from memory: one a tensor, or one for all with a step of 0.

// partial[block] = the sum of squares of the block's elements. Nothing is done where *when is 0; null is always.
extern "C" __global__ void slice_squares(
        const Slice* xs, int count, const float* x, const double* when, double* partial) {
    if (when && when[0] == 0) {
        return;
    }
    int k = sliceOfBlock(xs, count);
    int end;
    int start = startOfBlock(xs, k, &end);
    x += xs[k].offset;
    double sum = 0;
    for (int i = start + threadIdx.x; i < end; i += BLOCK) {
        double v = x[i];
        sum += v * v;
    }
    sum = blockSum(sum);
    if (threadIdx.x == 0) {
        partial[blockIdx.x] = sum;
    }
}

// Sum of the partial sums of tensor k, which the whole block gets.
__device__ __forceinline__ double sumOfParts(const Slice* xs, int count, int blocks, int k, const double* partial) {
    int end = k + 1 < count ? xs[k + 1].firstBlock : blocks;
    double sum = 0;
    for (int i = xs[k].firstBlock + threadIdx.x; i < end; i += BLOCK) {
        sum += partial[i];
    }
    return blockSum(sum);
}

// out[k] = the norm of tensor k; one block each.
extern "C" __global__ void slice_norms(
        const Slice* xs, int count, int blocks, const double* partial, const double* when, double* out) {
    if (when && when[0] == 0) {
        return;
    }
    double sum = sumOfParts(xs, count, blocks, blockIdx.x, partial);
    if (threadIdx.x == 0) {
        out[blockIdx.x] = sqrt(sum);
    }
}

// partial[block], partial[blocks + block] = sum and sum of squares of the block's elements.
extern "C" __global__ void slice_sums(
        const Slice* xs, int count, int blocks, const float* x, const double* when, double* partial) {
    if (when[0] == 0) {
        return;
    }
    int k = sliceOfBlock(xs, count);
    int end;
    int start = startOfBlock(xs, k, &end);
    x += xs[k].offset;
    double sum = 0;
    double squares = 0;
    for (int i = start + threadIdx.x; i < end; i += BLOCK) {
        double v = x[i];
        sum += v;
        squares += v * v;
    }
    sum = blockSum(sum);
    squares = blockSum(squares);
    if (threadIdx.x == 0) {
        partial[blockIdx.x] = sum;
        partial[blocks + blockIdx.x] = squares;
    }
}

// gains[k] = s·norm / (s·deviation + eps) with s = *gradScale, the deviation unbiased, 0 for a single element.
extern "C" __global__ void signal_to_noise(
        const Slice* xs, int count, int blocks, const double* partial, const double* when, const double* gradScale,
        double eps, float* gains) {
    if (when[0] == 0) {
        return;
    }
    int k = blockIdx.x;
    double sum = sumOfParts(xs, count, blocks, k, partial);
    double squares = sumOfParts(xs, count, blocks, k, partial + blocks);
    if (threadIdx.x == 0) {
        double n = xs[k].length;
        double deviations = squares - sum * sum / n;
        double deviation = n > 1 ? sqrt((deviations < 0 ? 0 : deviations) / (n - 1)) : 0;
        gains[k] = (float)(gradScale[0] * sqrt(squares) / (gradScale[0] * deviation + eps));
    }
}

// Divides by the largest, unless that is 0; one block.
extern "C" __global__ void divide_by_largest(float* x, int n, const double* when) {
    __shared__ float largest[BLOCK];
    if (when[0] == 0) {
        return;
    }
    float own = 0;
    for (int i = threadIdx.x; i < n; i += BLOCK) {
        own = fmaxf(own, x[i]);
    }
    largest[threadIdx.x] = own;
    __syncthreads();
    float most = 0;
    for (int i = 0; i < BLOCK; i++) {
        most = fmaxf(most, largest[i]);
    }
    if (most > 0) {
        for (int i = threadIdx.x; i < n; i += BLOCK) {
            x[i] = (float)((double)x[i] / most);
        }
    }
}

// x = a x
extern "C" __global__ void slice_scale(const Slice* xs, int count, float* x, const double* a, int stepA) {
    int k = sliceOfBlock(xs, count);
    float factor = (float)a[k * stepA];
    int end;
    int start = startOfBlock(xs, k, &end);
    x += xs[k].offset;
    for (int i = start + threadIdx.x; i < end; i += BLOCK) {
        x[i] *= factor;
    }
}

// y = a x + y
extern "C" __global__ void slice_axpy(
        const Slice* xs, const Slice* ys, int count, const float* x, float* y, const double* a, int stepA) {
    int k = sliceOfBlock(xs, count);
    float factor = (float)a[k * stepA];
    int end;
    int start = startOfBlock(xs, k, &end);
    x += xs[k].offset;
    y += ys[k].offset;
    for (int i = start + threadIdx.x; i < end; i += BLOCK) {
        y[i] = fmaf(factor, x[i], y[i]);
    }
}

// out = a x + b y; out may be one of them.
extern "C" __global__ void slice_combine(
        const Slice* xs, const Slice* ys, const Slice* outs, int count, const float* x, const float* y, float* out,
        const double* a, int stepA, const double* b, int stepB) {
    int k = sliceOfBlock(xs, count);
    float ofX = (float)a[k * stepA];
    float ofY = (float)b[k * stepB];
    int end;
    int start = startOfBlock(xs, k, &end);
    x += xs[k].offset;
    y += ys[k].offset;
    out += outs[k].offset;
    for (int i = start + threadIdx.x; i < end; i += BLOCK) {
        out[i] = fmaf(ofX, x[i], ofY * y[i]);
    }
}

extern "C" __global__ void slice_cautious_decay(
        const Slice* ws, const Slice* us, int count, float* w, const float* u, const double* keeps, int step) {
    int k = sliceOfBlock(ws, count);
    float keep = (float)keeps[k * step];
    int end;
    int start = startOfBlock(ws, k, &end);
    w += ws[k].offset;
    u += us[k].offset;
    for (int i = start + threadIdx.x; i < end; i += BLOCK) {
        w[i] = w[i] * u[i] >= 0 ? w[i] * keep : w[i];
    }
}

// out = a x / max(scale·y + add, least), NaN where y is; null is 1, of y no division.
extern "C" __global__ void quotients(
        const double* a, int stepA, const double* x, int stepX, const double* y, int stepY, double scale, double add,
        double least, double* out, int n) {
    int i = (int)globalThread();
    if (i >= n) {
        return;
    }
    double value = (a ? a[i * stepA] : 1) * (x ? x[i * stepX] : 1);
    if (y) {
        double divisor = scale * y[i * stepY] + add;
        value /= divisor < least ? least : divisor;
    }
    out[i] = value;
}

// kept = values if *first is not 0; values = kept.
extern "C" __global__ void remember(const double* first, double* values, float* kept, int n) {
    int i = (int)globalThread();
    if (i >= n) {
        return;
    }
    if (first[0] != 0) {
        kept[i] = (float)values[i];
    }
    values[i] = kept[i];
}
