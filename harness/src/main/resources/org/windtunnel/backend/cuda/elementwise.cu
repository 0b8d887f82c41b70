// Pointwise kernels: one thread an element, in strides of the grid.

extern "C" __global__ void fill_floats(float* x, i64 n, float value) {
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        x[i] = value;
    }
}

extern "C" __global__ void fill_ints(int* x, i64 n, int value) {
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        x[i] = value;
    }
}

extern "C" __global__ void copy_words(const int* from, int* to, i64 n) {
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        to[i] = from[i];
    }
}

extern "C" __global__ void scale(float* x, i64 n, float a) {
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        x[i] *= a;
    }
}

// x = a x, with a from memory
extern "C" __global__ void scale_by(float* x, i64 n, const double* a) {
    float factor = (float)a[0];
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        x[i] *= factor;
    }
}

// y = a x + y
extern "C" __global__ void axpy(const float* x, float* y, i64 n, float a) {
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        y[i] = fmaf(a, x[i], y[i]);
    }
}

// out = a x + b y; out may be one of them.
extern "C" __global__ void combine(const float* x, const float* y, float* out, i64 n, float a, float b) {
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        out[i] = fmaf(a, x[i], b * y[i]);
    }
}

// Rounds rows of fp32 to bf16. The output's rows are `groups` groups of 8 elements apart, and begin at 16 bytes; a thread
// rounds a group. Matrices along the grid's z are `stride` elements apart, and adjacent in the output.
extern "C" __global__ void round_to_bf16(
        const float* x, int columns, i64 ld, unsigned short* out, unsigned int groups, i64 rows, i64 stride) {
    x += STACK_Z * stride;
    out += (i64)STACK_Z * groups * rows * 8;
    bool whole = ((unsigned long long)x % 16 | ld % 4) == 0;
    for (i64 i = globalThread(); i < groups * rows; i += globalThreads()) {
        // Division of 64 bits takes longer than all else.
        i64 row = i >> 32 ? i / groups : (unsigned int)i / groups;
        int column = (int)(i - row * groups) * 8;
        const float* from = x + row * ld + column;
        unsigned short* to = out + i * 8;
        if (whole && column + 8 <= columns) {
            float4 a = *(const float4*)from;
            float4 b = *(const float4*)(from + 4);
            uint4 rounded = {bf16(a.x) | bf16(a.y) << 16, bf16(a.z) | bf16(a.w) << 16, bf16(b.x) | bf16(b.y) << 16,
                    bf16(b.z) | bf16(b.w) << 16};
            *(uint4*)to = rounded;
        } else {
            for (int c = 0; c < min(8, columns - column); c++) {
                to[c] = (unsigned short)bf16(from[c]);
            }
        }
    }
}

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

extern "C" __global__ void activation_backward(const float* x, float* d, i64 n, int kind) {
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        d[i] *= slope(kind, x[i]);
    }
}

// gateUp is [n / width, 2 width].
extern "C" __global__ void swiglu_forward(const float* gateUp, float* y, i64 n, int width) {
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        i64 at = i / width * width + i;
        float gate = gateUp[at];
        y[i] = gate / (1 + expf(-gate)) * gateUp[at + width];
    }
}

// dGateUp may be gateUp: each thread reads its pair before it writes it.
extern "C" __global__ void swiglu_backward(const float* gateUp, const float* dy, float* dGateUp, i64 n, int width) {
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        i64 at = i / width * width + i;
        float gate = gateUp[at];
        float up = gateUp[at + width];
        float sigmoid = 1 / (1 + expf(-gate));
        dGateUp[at] = dy[i] * up * sigmoid * (1 + gate * (1 - sigmoid));
        dGateUp[at + width] = dy[i] * gate * sigmoid;
    }
}
