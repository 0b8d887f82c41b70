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
