// Updates of weights. Numbers that a step or a run may change are read from memory, in double precision.

struct AdamNumbers {
    int k;
    float rate;
    float decay;
    float eps;
    float beta1;
    float oneMinusBeta1;
    float beta2;
    float oneMinusBeta2;
    float root;
    float gradScale;
};

// w = w·decay - rate · m / (sqrt(v)·root + eps), with decay = 1 - lr·wd, the bias corrections in rate and root.
extern "C" __global__ void adamw(
        const Slice* ws, const Slice* gs, const Slice* ms, const Slice* vs, int count, float* w, const float* g, float* m,
        float* v, const double* scalars, int epsInside, const double* gradScale) {
    __shared__ AdamNumbers a;
    if (threadIdx.x == 0) {
        a.k = sliceOfBlock(ws, count);
        const double* common = scalars + 3 * count;
        double lr = scalars[a.k];
        double correction2 = common[3];
        a.rate = (float)(lr * ((epsInside ? sqrt(correction2) : 1) / common[2]));
        a.decay = (float)(1 - lr * scalars[count + a.k]);
        a.eps = (float)scalars[2 * count + a.k];
        a.beta1 = (float)common[0];
        a.oneMinusBeta1 = (float)(1 - common[0]);
        a.beta2 = (float)common[1];
        a.oneMinusBeta2 = (float)(1 - common[1]);
        a.root = (float)(epsInside ? 1 : 1 / sqrt(correction2));
        a.gradScale = (float)gradScale[0];
    }
    __syncthreads();
    int end;
    int start = startOfBlock(ws, a.k, &end);
    w += ws[a.k].offset;
    g += gs[a.k].offset;
    m += ms[a.k].offset;
    v += vs[a.k].offset;
    for (int i = start + threadIdx.x; i < end; i += BLOCK) {
        float gradient = g[i] * a.gradScale;
        float first = a.beta1 * m[i] + a.oneMinusBeta1 * gradient;
        float second = a.beta2 * v[i] + a.oneMinusBeta2 * gradient * gradient;
        m[i] = first;
        v[i] = second;
        w[i] = w[i] * a.decay - a.rate * first / (sqrtf(second) * a.root + a.eps);
    }
}

// buffer may be null, and gains, which are 1 then. decoupled: w = w(1 - decay) first, else decay · w joins the gradient.
extern "C" __global__ void sgd(
        const Slice* ws, const Slice* gs, const Slice* bs, int count, float* w, const float* g, float* buffer,
        const double* scalars, const float* gains, int nesterov, int decoupled, const double* gradScale) {
    int k = sliceOfBlock(ws, count);
    const double* common = scalars + 2 * count;
    float rate = (float)(gains ? scalars[k] * gains[k] : scalars[k]);
    float decay = (float)scalars[count + k];
    float momentum = (float)common[0];
    float oneMinusDampening = (float)(1 - common[1]);
    bool firstStep = common[2] != 0;
    float scale = (float)gradScale[0];
    int end;
    int start = startOfBlock(ws, k, &end);
    w += ws[k].offset;
    g += gs[k].offset;
    buffer = buffer ? buffer + bs[k].offset : buffer;
    for (int i = start + threadIdx.x; i < end; i += BLOCK) {
        float weight = w[i];
        float d = g[i] * scale;
        if (decoupled) {
            weight *= 1 - decay;
        } else if (decay != 0) {
            d += decay * weight;
        }
        float direction = d;
        if (buffer) {
            float b = firstStep ? d : momentum * buffer[i] + oneMinusDampening * d;
            buffer[i] = b;
            direction = nesterov ? d + momentum * b : b;
        }
        w[i] = weight - rate * direction;
    }
}

// m and v of a projected gradient. moments: beta1, beta2, eps, as below.
extern "C" __global__ void projected_moments(const float* r, float* m, float* v, i64 n, const double* moments) {
    float beta1 = (float)moments[0];
    float oneMinusBeta1 = (float)(1 - moments[0]);
    float beta2 = (float)moments[1];
    float oneMinusBeta2 = (float)(1 - moments[1]);
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        m[i] = beta1 * m[i] + oneMinusBeta1 * r[i];
        v[i] = beta2 * v[i] + oneMinusBeta2 * r[i] * r[i];
    }
}

#define RATIO_EPS 1e-8

// factor[row] = ‖m / (sqrt(v) + eps)‖ / (‖r‖ + 1e-8) over the row; one block a row.
extern "C" __global__ void projected_row_factors(
        const float* r, const float* m, const float* v, int columns, const double* moments, float* factor) {
    float eps = (float)moments[2];
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
        const float* r, const float* m, const float* v, int rows, int columns, const double* moments, float* factor) {
    float eps = (float)moments[2];
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
        float* w, const float* g, const float* factor, i64 n, int columns, int channels, const double* rateOfStep,
        const double* keepOfStep) {
    float rate = (float)rateOfStep[0];
    float keep = (float)keepOfStep[0];
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        w[i] = (w[i] - rate * g[i] * channelFactor(factor, channels, i, columns)) * keep;
    }
}

// Fira's limiter. numbers: base, front, amplitude, growth (0: no limit), 1 at the first step. factor may be null.
extern "C" __global__ void limited_rate(
        const double* numbers, const double* squares, const float* factor, const double* gradScale, float* last,
        double* rate) {
    if (threadIdx.x > 0) {
        return;
    }
    double growth = numbers[3];
    double norm = gradScale[0] * numbers[1] * ((factor ? factor[0] : 1) * sqrt(squares[0]));
    double limit = 1;
    if (numbers[4] == 0 && growth != 0) {
        double grown = norm / (last[0] + RATIO_EPS);
        limit = (grown < growth ? growth : grown) / growth;
    }
    last[0] = (float)(norm / limit);
    rate[0] = numbers[0] * gradScale[0] * numbers[2] / limit;
}
