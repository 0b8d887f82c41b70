// One-pass updates of weights.

// A slice of the flat vectors with its scalars, and the first of the blocks of SLICE elements that it is cut into.
struct Segment {
    i64 offset;
    i64 stateOffset;
    i64 length;
    int firstBlock;
    float rate;
    float decay;
    float eps;
};

#define SLICE 1024

__device__ __forceinline__ const Segment& segmentOf(const Segment* segments, int count) {
    int low = 0;
    int high = count - 1;
    while (low < high) {
        int middle = (low + high + 1) / 2;
        if (segments[middle].firstBlock <= (int)blockIdx.x) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return segments[low];
}

// decay is 1 - lr·wd, rate and root hold the bias corrections: w = w·decay - rate · m / (sqrt(v)·root + eps).
extern "C" __global__ void adamw(
        const Segment* segments, int count, float* w, const float* g, float* m, float* v, float beta1,
        float oneMinusBeta1, float beta2, float oneMinusBeta2, float root, float gradScale) {
    Segment s = segmentOf(segments, count);
    i64 start = (i64)(blockIdx.x - s.firstBlock) * SLICE;
    for (i64 i = start + threadIdx.x; i < start + SLICE && i < s.length; i += BLOCK) {
        float gradient = g[s.offset + i] * gradScale;
        float first = beta1 * m[s.stateOffset + i] + oneMinusBeta1 * gradient;
        float second = beta2 * v[s.stateOffset + i] + oneMinusBeta2 * gradient * gradient;
        m[s.stateOffset + i] = first;
        v[s.stateOffset + i] = second;
        w[s.offset + i] = w[s.offset + i] * s.decay - s.rate * first / (sqrtf(second) * root + s.eps);
    }
}

// buffer may be null. decoupled: w = w(1 - decay) first, else decay · w joins the gradient.
extern "C" __global__ void sgd(
        const Segment* segments, int count, float* w, const float* g, float* buffer, float momentum,
        float oneMinusDampening, int nesterov, int decoupled, int firstStep, float gradScale) {
    Segment s = segmentOf(segments, count);
    i64 start = (i64)(blockIdx.x - s.firstBlock) * SLICE;
    for (i64 i = start + threadIdx.x; i < start + SLICE && i < s.length; i += BLOCK) {
        float weight = w[s.offset + i];
        float d = g[s.offset + i] * gradScale;
        if (decoupled) {
            weight *= 1 - s.decay;
        } else if (s.decay != 0) {
            d += s.decay * weight;
        }
        float direction = d;
        if (buffer) {
            float b = firstStep ? d : momentum * buffer[s.stateOffset + i] + oneMinusDampening * d;
            buffer[s.stateOffset + i] = b;
            direction = nesterov ? d + momentum * b : b;
        }
        w[s.offset + i] = weight - s.rate * direction;
    }
}

// m and v of a projected gradient.
extern "C" __global__ void projected_moments(
        const float* r, float* m, float* v, i64 n, float beta1, float oneMinusBeta1, float beta2, float oneMinusBeta2) {
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        m[i] = beta1 * m[i] + oneMinusBeta1 * r[i];
        v[i] = beta2 * v[i] + oneMinusBeta2 * r[i] * r[i];
    }
}

#define RATIO_EPS 1e-8

// factor[row] = ‖m / (sqrt(v) + eps)‖ / (‖r‖ + 1e-8) over the row; one block a row.
extern "C" __global__ void projected_row_factors(
        const float* r, const float* m, const float* v, int columns, float eps, float* factor) {
    i64 at = (i64)blockIdx.x * columns;
    double update = 0;
    double gradient = 0;
    for (int c = threadIdx.x; c < columns; c += BLOCK) {
        double n = m[at + c] / (sqrtf(v[at + c]) + eps);
        update += n * n;
        gradient += (double)r[at + c] * r[at + c];
    }
    update = blockSum(update);
    gradient = blockSum(gradient);
    if (threadIdx.x == 0) {
        factor[blockIdx.x] = (float)(sqrt(update) / (sqrt(gradient) + RATIO_EPS));
    }
}

// The same over columns, 32 of them a block.
extern "C" __global__ void projected_column_factors(
        const float* r, const float* m, const float* v, int rows, int columns, float eps, float* factor) {
    int column = blockIdx.x * WARP + threadIdx.x % WARP;
    float update = 0;
    float gradient = 0;
    if (column < columns) {
        for (int row = threadIdx.x / WARP; row < rows; row += BLOCK / WARP) {
            i64 at = (i64)row * columns + column;
            float n = m[at] / (sqrtf(v[at]) + eps);
            update += n * n;
            gradient += r[at] * r[at];
        }
    }
    update = columnBlockSum(update);
    gradient = columnBlockSum(gradient);
    if (threadIdx.x < WARP && column < columns) {
        factor[column] = (float)(sqrt((double)update) / (sqrt((double)gradient) + RATIO_EPS));
    }
}

#define BY_ROW 0
#define BY_COLUMN 1

__device__ __forceinline__ float channelFactor(const float* factor, int channels, i64 i, int columns) {
    return factor[channels == BY_ROW ? i / columns : channels == BY_COLUMN ? i % columns : 0];
}

extern "C" __global__ void scaled_sum_of_squares(
        const float* g, const float* factor, i64 n, int columns, int channels, double* partial) {
    double sum = 0;
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        double v = g[i] * channelFactor(factor, channels, i, columns);
        sum += v * v;
    }
    sum = blockSum(sum);
    if (threadIdx.x == 0) {
        partial[blockIdx.x] = sum;
    }
}

// w = (w - rate · g · factor) · keep
extern "C" __global__ void scaled_update(
        float* w, const float* g, const float* factor, i64 n, int columns, int channels, float rate, float keep) {
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        w[i] = (w[i] - rate * g[i] * channelFactor(factor, channels, i, columns)) * keep;
    }
}
