// Sums in two passes: partial sums of fixed strips, then the strips in order.

// partial[b] = the sum of squares of block b's strides, in double.
template <typename T>
__device__ __forceinline__ void sumOfSquares(const T* x, i64 n, double* partial) {
    double sum = 0;
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        double v = get(x + i);
        sum += v * v;
    }
    sum = blockSum(sum);
    if (threadIdx.x == 0) {
        partial[blockIdx.x] = sum;
    }
}

extern "C" __global__ void sum_of_squares(const float* x, i64 n, double* partial) {
    sumOfSquares(x, n, partial);
}

extern "C" __global__ void sum_of_squares_bf16(const Rounded* x, i64 n, double* partial) {
    sumOfSquares(x, n, partial);
}

// out = the sum of the partial sums; one block.
extern "C" __global__ void finish_sum(const double* partial, int count, double* out) {
    double sum = 0;
    for (int i = threadIdx.x; i < count; i += blockDim.x) {
        sum += partial[i];
    }
    sum = blockSum(sum);
    if (threadIdx.x == 0) {
        *out = sum;
    }
}

// Of the results: what a step adds up, and the sum of squares of its gradient; loss, targets and errors of an evaluation.
#define LATE_LOSS 3
#define LATE_SQUARES 4
#define EVALUATED 5

// Adds the loss that was computed last to the step's.
extern "C" __global__ void add_loss(double* results, int first) {
    if (threadIdx.x == 0) {
        results[LATE_LOSS] = first ? results[0] : results[LATE_LOSS] + results[0];
    }
}

// Adds the loss that was computed last, and the number of its targets, to the evaluation's.
extern "C" __global__ void add_evaluated(double* results) {
    if (threadIdx.x == 0) {
        results[EVALUATED] += results[0];
        results[EVALUATED + 1] += results[2];
    }
}

// Adds the rows whose largest logit is not the target's to the evaluation's errors. One block, a warp a row. Each lane begins
// with the first logit, which is left for larger ones only; so of equal ones the first wins, and NaN never but in its place.
extern "C" __global__ void add_errors(const float* logits, const int* targets, int rows, int width, double* results) {
    int lane = threadIdx.x % WARP;
    double errors = 0;
    for (int row = threadIdx.x / WARP; row < rows; row += blockDim.x / WARP) {
        const float* x = logits + (i64)row * width;
        float largest = x[0];
        int best = 0;
        for (int c = lane; c < width; c += WARP) {
            if (x[c] > largest) {
                largest = x[c];
                best = c;
            }
        }
        for (int offset = WARP / 2; offset > 0; offset >>= 1) {
            float other = __shfl_xor_sync(ALL_LANES, largest, offset);
            int at = __shfl_xor_sync(ALL_LANES, best, offset);
            if (other > largest || (other == largest && at < best)) {
                largest = other;
                best = at;
            }
        }
        errors += lane == 0 && targets[row] >= 0 && best != targets[row] ? 1 : 0;
    }
    errors = blockSum(errors);
    if (threadIdx.x == 0) {
        results[EVALUATED + 2] += errors;
    }
}

// factor = min(1, limit / (norm + eps)), NaN if the norm is; 1 without a limit.
extern "C" __global__ void clip_factor(const double* results, const double* limit, double eps, double* factor) {
    if (threadIdx.x == 0) {
        double f = limit[0] / (sqrt(results[LATE_SQUARES]) + eps);
        factor[0] = limit[0] == 0 || f >= 1 ? 1 : f;
    }
}

// partial[strip, width]: column sums of the strip's rows. Block (x, y): 32 columns, one strip.
template <typename T>
__device__ __forceinline__ void columnSum(const T* x, int rows, int width, int stripRows, float* partial) {
    int column = blockIdx.x * WARP + threadIdx.x % WARP;
    int end = min(rows, (int)(blockIdx.y + 1) * stripRows);
    float sum = 0;
    if (column < width) {
        for (int row = blockIdx.y * stripRows + threadIdx.x / WARP; row < end; row += BLOCK / WARP) {
            sum += get(x + (i64)row * width + column);
        }
    }
    sum = columnBlockSum(sum);
    if (threadIdx.x < WARP && column < width) {
        partial[(i64)blockIdx.y * width + column] = sum;
    }
}

extern "C" __global__ void column_sum(const float* x, int rows, int width, int stripRows, float* partial) {
    columnSum(x, rows, width, stripRows, partial);
}

extern "C" __global__ void column_sum_bf16(const Rounded* x, int rows, int width, int stripRows, float* partial) {
    columnSum(x, rows, width, stripRows, partial);
}

// out (+)= the sum of the strips, for 32 columns a block.
extern "C" __global__ void finish_column_sum(const float* partial, int strips, int width, float* out, int accumulate) {
    int column = blockIdx.x * WARP + threadIdx.x % WARP;
    float sum = 0;
    if (column < width) {
        for (int strip = threadIdx.x / WARP; strip < strips; strip += BLOCK / WARP) {
            sum += partial[(i64)strip * width + column];
        }
    }
    sum = columnBlockSum(sum);
    if (threadIdx.x < WARP && column < width) {
        out[column] = accumulate ? out[column] + sum : sum;
    }
}
