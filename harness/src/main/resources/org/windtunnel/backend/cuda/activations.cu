// Activations, a bias before them, and their gradients. Kernels in bf16 do in fp32 what those in fp32 do, and round what
// they store.

#define GELU_ERF 0
#define GELU_TANH 1
#define RELU 2
#define IDENTITY 3

#define INVERSE_SQRT_2 0.70710678118654752f
#define INVERSE_SQRT_2PI 0.39894228040143268f
#define SQRT_2_OVER_PI 0.79788456080286536f
#define TANH_CUBIC 0.044715f

// The normal distribution function through erfc, which keeps its relative precision in the left tail.
__device__ __forceinline__ float normalDistribution(float x) {
    return 0.5f * erfcf(-x * INVERSE_SQRT_2);
}

__device__ __forceinline__ float geluTanh(float x) {
    return tanhf(SQRT_2_OVER_PI * x * (1 + TANH_CUBIC * x * x));
}

__device__ __forceinline__ float activate(int kind, float x) {
    switch (kind) {
        case GELU_ERF:
            return x * normalDistribution(x);
        case GELU_TANH:
            return 0.5f * x * (1 + geluTanh(x));
        case RELU:
            return x > 0 ? x : x * 0;  // keeps NaN
        default:
            return x;
    }
}

__device__ __forceinline__ float slope(int kind, float x) {
    switch (kind) {
        case GELU_ERF:
            return normalDistribution(x) + x * INVERSE_SQRT_2PI * expf(-0.5f * x * x);
        case GELU_TANH: {
            float t = geluTanh(x);
            return 0.5f * (1 + t) + 0.5f * x * (1 - t * t) * SQRT_2_OVER_PI * (1 + 3 * TANH_CUBIC * x * x);
        }
        default:
            return x > 0 ? 1 : 0;
    }
}

// x += bias (or not, if null); y = activation(x). y may be x.
extern "C" __global__ void activation_forward(float* x, const float* bias, float* y, i64 n, int width, int kind) {
    i64 i = globalThread();
    int column = (int)(i % width);
    int step = (int)(globalThreads() % width);
    for (; i < n; i += globalThreads()) {
        float v = x[i];
        if (bias) {
            v += bias[column];
            x[i] = v;
            column += step;
            column -= column >= width ? width : 0;
        }
        y[i] = activate(kind, v);
    }
}

extern "C" __global__ void activation_forward_bf16(
        Rounded* x, const float* bias, Rounded* y, i64 n, int width, int kind) {
    bool whole = aligned(x) && aligned(bias) && aligned(y) && n % GROUP == 0 && (!bias || width % GROUP == 0);
    for (i64 i = globalThread(); whole && i < n / GROUP; i += globalThreads()) {
        float v[GROUP];
        getGroup(x + i * GROUP, v);
        if (bias) {
            float b[GROUP];
            getGroup(bias + (i - quotient(i, width / GROUP) * (width / GROUP)) * GROUP, b);
#pragma unroll
            for (int j = 0; j < GROUP; j++) {
                v[j] += b[j];
            }
            putGroup(x + i * GROUP, v);
        }
#pragma unroll
        for (int j = 0; j < GROUP; j++) {
            v[j] = activate(kind, v[j]);
        }
        putGroup(y + i * GROUP, v);
    }
    for (i64 i = globalThread(); !whole && i < n; i += globalThreads()) {
        float v = get(x + i);
        if (bias) {
            v += bias[i % width];
            put(x + i, v);
        }
        put(y + i, activate(kind, v));
    }
}

// dx may be dy.
extern "C" __global__ void activation_backward(const float* x, const float* dy, float* dx, i64 n, int kind) {
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        dx[i] = dy[i] * slope(kind, x[i]);
    }
}

extern "C" __global__ void activation_backward_bf16(
        const Rounded* x, const Rounded* dy, Rounded* dx, i64 n, int kind) {
    bool whole = aligned(x) && aligned(dy) && aligned(dx) && n % GROUP == 0;
    for (i64 i = globalThread(); whole && i < n / GROUP; i += globalThreads()) {
        float v[GROUP];
        float d[GROUP];
        getGroup(x + i * GROUP, v);
        getGroup(dy + i * GROUP, d);
#pragma unroll
        for (int j = 0; j < GROUP; j++) {
            d[j] *= slope(kind, v[j]);
        }
        putGroup(dx + i * GROUP, d);
    }
    for (i64 i = globalThread(); !whole && i < n; i += globalThreads()) {
        put(dx + i, get(dy + i) * slope(kind, get(x + i)));
    }
}

// The same, and partial[strip, width] of the column sums of dx before rounding, in the order of column_sum. Block (x,
// y): 256 columns, one strip.
extern "C" __global__ void activation_backward_columns_bf16(
        const Rounded* x, const Rounded* dy, Rounded* dx, int rows, int width, int stripRows, float* partial,
        int kind) {
    int column = (blockIdx.x * WARP + threadIdx.x % WARP) * GROUP;
    int end = min(rows, (int)(blockIdx.y + 1) * stripRows);
    int columns = min(GROUP, width - column);
    bool whole = aligned(x) && aligned(dy) && aligned(dx) && width % GROUP == 0;
    float sums[GROUP] = {};
    for (int row = blockIdx.y * stripRows + threadIdx.x / WARP; row < end; row += BLOCK / WARP) {
        i64 at = (i64)row * width + column;
        if (whole && columns > 0) {
            float v[GROUP];
            float d[GROUP];
            getGroup(x + at, v);
            getGroup(dy + at, d);
#pragma unroll
            for (int j = 0; j < GROUP; j++) {
                d[j] *= slope(kind, v[j]);
                sums[j] += d[j];
            }
            putGroup(dx + at, d);
        } else {
#pragma unroll
            for (int j = 0; j < GROUP; j++) {
                if (j < columns) {
                    float d = get(dy + at + j) * slope(kind, get(x + at + j));
                    sums[j] += d;
                    put(dx + at + j, d);
                }
            }
        }
    }
#pragma unroll
    for (int j = 0; j < GROUP; j++) {
        float sum = columnBlockSum(sums[j]);
        if (threadIdx.x < WARP && j < columns) {
            partial[(i64)blockIdx.y * width + column + j] = sum;
        }
    }
}

__device__ __forceinline__ float swiglu(float gate, float up) {
    return gate / (1 + expf(-gate)) * up;
}

// The gradients of gate and up, in their places.
__device__ __forceinline__ void swigluGradient(float& gate, float& up, float d) {
    float sigmoid = 1 / (1 + expf(-gate));
    float dGate = d * up * sigmoid * (1 + gate * (1 - sigmoid));
    up = d * gate * sigmoid;
    gate = dGate;
}

// gateUp is [n / width, 2 width].
extern "C" __global__ void swiglu_forward(const float* gateUp, float* y, i64 n, int width) {
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        i64 at = i / width * width + i;
        y[i] = swiglu(gateUp[at], gateUp[at + width]);
    }
}

extern "C" __global__ void swiglu_forward_bf16(const Rounded* gateUp, Rounded* y, i64 n, int width) {
    bool whole = aligned(gateUp) && aligned(y) && width % GROUP == 0;
    for (i64 i = globalThread() * GROUP; whole && i < n; i += globalThreads() * GROUP) {
        i64 at = quotient(i, width) * width + i;
        float gate[GROUP];
        float up[GROUP];
        getGroup(gateUp + at, gate);
        getGroup(gateUp + at + width, up);
#pragma unroll
        for (int j = 0; j < GROUP; j++) {
            gate[j] = swiglu(gate[j], up[j]);
        }
        putGroup(y + i, gate);
    }
    for (i64 i = globalThread(); !whole && i < n; i += globalThreads()) {
        i64 at = i / width * width + i;
        put(y + i, swiglu(get(gateUp + at), get(gateUp + at + width)));
    }
}

// dGateUp may be gateUp: each thread reads its pair before it writes it.
extern "C" __global__ void swiglu_backward(const float* gateUp, const float* dy, float* dGateUp, i64 n, int width) {
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        i64 at = i / width * width + i;
        float gate = gateUp[at];
        float up = gateUp[at + width];
        swigluGradient(gate, up, dy[i]);
        dGateUp[at] = gate;
        dGateUp[at + width] = up;
    }
}

extern "C" __global__ void swiglu_backward_bf16(
        const Rounded* gateUp, const Rounded* dy, Rounded* dGateUp, i64 n, int width) {
    bool whole = aligned(gateUp) && aligned(dy) && aligned(dGateUp) && width % GROUP == 0;
    for (i64 i = globalThread() * GROUP; whole && i < n; i += globalThreads() * GROUP) {
        i64 at = quotient(i, width) * width + i;
        float gate[GROUP];
        float up[GROUP];
        float d[GROUP];
        getGroup(gateUp + at, gate);
        getGroup(gateUp + at + width, up);
        getGroup(dy + i, d);
#pragma unroll
        for (int j = 0; j < GROUP; j++) {
            swigluGradient(gate[j], up[j], d[j]);
        }
        putGroup(dGateUp + at, gate);
        putGroup(dGateUp + at + width, up);
    }
    for (i64 i = globalThread(); !whole && i < n; i += globalThreads()) {
        i64 at = i / width * width + i;
        float gate = get(gateUp + at);
        float up = get(gateUp + at + width);
        swigluGradient(gate, up, get(dy + i));
        put(dGateUp + at, gate);
        put(dGateUp + at + width, up);
    }
}
