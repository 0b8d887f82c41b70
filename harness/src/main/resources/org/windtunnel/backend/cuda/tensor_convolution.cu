// Convolutions by tensor cores without a matrix of windows in memory (implicit GEMM): a block gathers its part of the
// windows from the channels-last image, rounds it to E (Bf16 or Tf32 of mma.cuh) on the way to shared memory, and
// multiplies it by filters that were packed and rounded before. Sums are fp32. The next tiles are on their way from
// memory, in registers, while those in shared memory are multiplied.
//
// A sum's terms come in the order of filter row, filter column, channel; channels are padded to a multiple of 4, so
// that each group of 4 belongs to one place of the window, and is 16 adjacent bytes where nothing was padded.

// Along one axis: the result's pixels first + step · i, i < count, take from pixels scale · i + base + sign · t of what
// is gathered, by the filter's element tap + tapStep · t, t < taps.
struct Axis {
    int first;
    int step;
    int count;
    int scale;
    int base;
    int sign;
    int tap;
    int tapStep;
    int taps;
};

__device__ __forceinline__ Axis forwardAxis(int out, int kernel, int stride, int padding) {
    return {0, 1, out, stride, -padding, 1, 0, 1, kernel};
}

// Of the gradient of images: pixels of one remainder by the stride are reached by the same elements of the filter, and
// by no others, so that no product is with a zero that the stride left.
__device__ __forceinline__ Axis backwardAxis(int phase, int out, int kernel, int stride, int padding) {
    int tap = (phase + padding) % stride;
    return {phase, stride, (out - phase + stride - 1) / stride, 1, (phase + padding) / stride, -1, tap, stride,
            (kernel - tap + stride - 1) / stride};
}

// Lies outside of every image, with any element of a filter.
#define NOWHERE -(1 << 28)

// Of one pixel of the result: where its first window begins (x, as a pixel of all images; y and z, row and column), and
// its own place among the result's pixels (w), or -1.
__device__ __forceinline__ int4 placeOf(
        int pixel, int pixels, const Axis& rows, const Axis& columns, int height, int width, int outHeight,
        int outWidth) {
    if (pixel >= pixels) {
        return {0, NOWHERE, NOWHERE, -1};
    }
    int line = pixel / columns.count;
    int j = pixel - line * columns.count;
    int image = line / rows.count;
    int i = line - image * rows.count;
    int y = rows.scale * i + rows.base;
    int x = columns.scale * j + columns.base;
    int to = (image * outHeight + rows.first + rows.step * i) * outWidth + columns.first + columns.step * j;
    return {(image * height + y) * width + x, y, x, to};
}

__device__ __forceinline__ float4 upToFour(const float* x, int there) {
    return {there > 0 ? x[0] : 0, there > 1 ? x[1] : 0, there > 2 ? x[2] : 0, there > 3 ? x[3] : 0};
}

// A thread's share of a tile: groups of 4 columns, the same ones in every THREADS / GROUPS-th row. Here, channels from
// `channel` on of the pixels that are (dy, dx) from the places.
template <int EACH, int GROUPS, int THREADS>
__device__ __forceinline__ void gather(
        float4 (&v)[EACH], const float* x, const int4* places, int dy, int dx, int channel, bool there, int height,
        int width, int channels, bool whole) {
    int shift = dy * width + dx;
#pragma unroll
    for (int i = 0; whole && i < EACH; i++) {
        int4 place = places[threadIdx.x / GROUPS + i * (THREADS / GROUPS)];
        bool inside = there && (unsigned int)(place.y + dy) < (unsigned int)height
                && (unsigned int)(place.z + dx) < (unsigned int)width;
        v[i] = loadFour(x + (i64)(place.x + shift) * channels + channel, inside);
    }
#pragma unroll
    for (int i = 0; !whole && i < EACH; i++) {
        int4 place = places[threadIdx.x / GROUPS + i * (THREADS / GROUPS)];
        bool inside = there && (unsigned int)(place.y + dy) < (unsigned int)height
                && (unsigned int)(place.z + dx) < (unsigned int)width;
        v[i] = upToFour(x + (i64)(place.x + shift) * channels + channel, inside ? channels - channel : 0);
    }
}

// The same of a matrix's rows below `rows`, `ld` elements apart, with `columns` left from the thread's group on.
template <int EACH, int GROUPS, int THREADS>
__device__ __forceinline__ void fetch(
        float4 (&v)[EACH], const float* x, int ld, int rows, int columns, bool whole) {
#pragma unroll
    for (int i = 0; whole && i < EACH; i++) {
        int row = threadIdx.x / GROUPS + i * (THREADS / GROUPS);
        v[i] = loadFour(x + (i64)row * ld, row < rows && columns > 0);
    }
#pragma unroll
    for (int i = 0; !whole && i < EACH; i++) {
        int row = threadIdx.x / GROUPS + i * (THREADS / GROUPS);
        v[i] = upToFour(x + (i64)row * ld, row < rows ? columns : 0);
    }
}

template <class E, int EACH, int GROUPS, int THREADS>
__device__ __forceinline__ void put(typename E::Element* tile, const float4 (&v)[EACH]) {
    const int STRIDE = 4 * GROUPS + E::GAP;
    typename E::Element* to = tile + threadIdx.x / GROUPS * STRIDE + threadIdx.x % GROUPS * 4;
#pragma unroll
    for (int i = 0; i < EACH; i++) {
        E::put(to + i * (THREADS / GROUPS) * STRIDE, v[i]);
    }
}

// Pixels of a block, and the terms of their sums that are in shared memory at a time.
#define PIXELS 128
#define DEPTH 32

// y (+)= alpha · (windows · filtersᵀ): the convolution, or with `backward` the gradient of its images, in which x is the
// gradient of the output and filters are [in, taps, out]. Block: PIXELS pixels by N channels out, a warp 32 by
// N / WARPS_N. Grid: tiles of pixels, the stride's remainders, tiles of channels, the last next to each other.
// filters: [N · tiles, kernel · kernel, channels padded to 4], rounded.
template <class E, int N, int WARPS_N>
__device__ __forceinline__ void tensorConvolution(
        const float* x, const typename E::Element* filters, float* y, float alpha, int add, int backward, int images,
        int height, int width, int channels, int outHeight, int outWidth, int out, int kernel, int stride,
        int padding) {
    const int THREADS = 4 * WARPS_N * WARP;
    const int GROUPS = DEPTH / 4;
    const int STRIDE = DEPTH + E::GAP;
    const int EACH = PIXELS * GROUPS / THREADS;
    const int EACH_FILTER = N * GROUPS / THREADS;
    const int COLUMNS = N / WARPS_N;
    static_assert(EACH_FILTER * THREADS == N * GROUPS, "threads share the filters equally");
    DYNAMIC_SHARED(shared);
    int4* places = (int4*)shared;
    typename E::Element* windows = (typename E::Element*)(places + PIXELS);
    typename E::Element* weights = windows + 2 * PIXELS * STRIDE;

    int tiles = (out + N - 1) / N;
    int tile = blockIdx.x % tiles;
    int phases = backward ? stride * stride : 1;
    int phase = blockIdx.x / tiles % phases;
    int start = blockIdx.x / tiles / phases * PIXELS;
    Axis rows = backward ? backwardAxis(phase / stride, outHeight, kernel, stride, padding)
                         : forwardAxis(outHeight, kernel, stride, padding);
    Axis columns = backward ? backwardAxis(phase % stride, outWidth, kernel, stride, padding)
                            : forwardAxis(outWidth, kernel, stride, padding);
    int pixels = images * rows.count * columns.count;
    if (start >= pixels) {
        return;
    }
    if (threadIdx.x < PIXELS) {
        places[threadIdx.x] =
                placeOf(start + threadIdx.x, pixels, rows, columns, height, width, outHeight, outWidth);
    }
    __syncthreads();

    int padded = (channels + 3) / 4 * 4;
    int steps = (rows.taps * columns.taps * padded + DEPTH - 1) / DEPTH;
    bool whole = ((unsigned long long)x % 16 | channels % 4) == 0;
    const typename E::Element* weight = filters + (i64)(tile * N + threadIdx.x / GROUPS) * kernel * kernel * padded;
    // Of the thread's group in the tiles to come.
    int channel = threadIdx.x % GROUPS * 4;
    int ty = 0;
    int tx = 0;
    float sums[2][COLUMNS / 8][4] = {};
    float4 v[EACH];
    typename E::Four w[EACH_FILTER];
#pragma unroll 1
    for (int step = 0; step <= steps; step++) {
        bool more = step < steps;
        if (more) {
            while (channel >= padded) {
                channel -= padded;
                tx++;
                if (tx == columns.taps) {
                    tx = 0;
                    ty++;
                }
            }
            bool there = ty < rows.taps;
            gather<EACH, GROUPS, THREADS>(v, x, places, rows.sign * ty, columns.sign * tx, channel, there, height,
                    width, channels, whole);
            int tap = (rows.tap + rows.tapStep * ty) * kernel + columns.tap + columns.tapStep * tx;
#pragma unroll
            for (int i = 0; i < EACH_FILTER; i++) {
                i64 row = (i64)(i * (THREADS / GROUPS)) * kernel * kernel;
                w[i] = {};
                if (there) {
                    w[i] = *(const typename E::Four*)(weight + (row + tap) * padded + channel);
                }
            }
            channel += DEPTH;
        }
        if (step > 0) {
            int warp = threadIdx.x / WARP;
            int buffer = (step - 1) % 2;
            scores<E, DEPTH, 2, COLUMNS>(sums, windows + (buffer * PIXELS + warp % 4 * 32) * STRIDE,
                    weights + (buffer * N + warp / 4 * COLUMNS) * STRIDE);
        }
        if (more) {
            int buffer = step % 2;
            put<E, EACH, GROUPS, THREADS>(windows + buffer * PIXELS * STRIDE, v);
#pragma unroll
            for (int i = 0; i < EACH_FILTER; i++) {
                int row = threadIdx.x / GROUPS + i * (THREADS / GROUPS);
                *(typename E::Four*)(weights + (buffer * N + row) * STRIDE + threadIdx.x % GROUPS * 4) = w[i];
            }
        }
        __syncthreads();
    }

    int lane = threadIdx.x % WARP;
    int warp = threadIdx.x / WARP;
    bool pairs = ((unsigned long long)y % 8 | out % 2) == 0;
#pragma unroll
    for (int m = 0; m < 4; m++) {
        int to = places[warp % 4 * 32 + 8 * m + lane / 4].w;
        if (to < 0) {
            continue;
        }
#pragma unroll
        for (int n = 0; n < COLUMNS / 8; n++) {
            int column = tile * N + warp / 4 * COLUMNS + 8 * n + lane % 4 * 2;
            float* at = y + (i64)to * out + column;
            float2 v = {alpha * sums[m / 2][n][m % 2 * 2], alpha * sums[m / 2][n][m % 2 * 2 + 1]};
            if (pairs && column < out) {
                float2 old = {0, 0};
                if (add) {
                    old = *(const float2*)at;
                }
                *(float2*)at = {old.x + v.x, old.y + v.y};
            } else if (column < out) {
                at[0] = add ? at[0] + v.x : v.x;
                if (column + 1 < out) {
                    at[1] = add ? at[1] + v.y : v.y;
                }
            }
        }
    }
}

// partial[part, out, ld] = gradientᵀ · windows over the part's pixels, for ld = kernel · kernel · channels padded to 4.
// Block: N channels out by L elements of a filter; a warp N / WARPS_M by L / (WARPS / WARPS_M); P pixels at a time.
// Grid: tiles of channels out within tiles of the filter; parts of partPixels.
template <class E, int N, int L, int P, int WARPS, int WARPS_M>
__device__ __forceinline__ void tensorFilterGradient(
        const float* x, const float* dy, float* partial, int partPixels, int images, int height, int width,
        int channels, int outHeight, int outWidth, int out, int kernel, int stride, int padding) {
    const int THREADS = WARPS * WARP;
    const int GROUPS = L / 4;
    const int GROUPS_OUT = N / 4;
    const int EACH = P * GROUPS / THREADS;
    const int EACH_OUT = P * GROUPS_OUT / THREADS;
    const int STRIDE = L + E::GAP;
    const int STRIDE_OUT = N + E::GAP;
    const int M = N / WARPS_M / 16;
    const int COLUMNS = L / (WARPS / WARPS_M);
    static_assert(EACH_OUT * THREADS == P * GROUPS_OUT && THREADS % GROUPS == 0, "threads share tiles equally");
    DYNAMIC_SHARED(shared);
    int4* places = (int4*)shared;
    typename E::Element* windows = (typename E::Element*)(places + 2 * P);
    typename E::Element* gradients = windows + 2 * P * STRIDE;

    int tiles = (out + N - 1) / N;
    int firstOut = blockIdx.x % tiles * N;
    int firstElement = blockIdx.x / tiles * L;
    Axis rows = forwardAxis(outHeight, kernel, stride, padding);
    Axis columns = forwardAxis(outWidth, kernel, stride, padding);
    int start = blockIdx.y * partPixels;
    int end = min(images * outHeight * outWidth, start + partPixels);
    int padded = (channels + 3) / 4 * 4;
    int ld = kernel * kernel * padded;
    int element = firstElement + threadIdx.x % GROUPS * 4;
    int tap = element / padded;
    int channel = element - tap * padded;
    int outColumn = firstOut + threadIdx.x % GROUPS_OUT * 4;
    bool whole = ((unsigned long long)x % 16 | channels % 4) == 0;
    bool wholeOut = ((unsigned long long)dy % 16 | out % 4) == 0;
    int steps = (end - start + P - 1) / P;
    if (threadIdx.x < P) {
        places[threadIdx.x] =
                placeOf(start + threadIdx.x, end, rows, columns, height, width, outHeight, outWidth);
    }
    __syncthreads();

    int lane = threadIdx.x % WARP;
    int warp = threadIdx.x / WARP;
    int warpOut = warp % WARPS_M * 16 * M;
    int warpElement = warp / WARPS_M * COLUMNS;
    float sums[M][COLUMNS / 8][4] = {};
    float4 v[EACH];
    float4 d[EACH_OUT];
#pragma unroll 1
    for (int step = 0; step <= steps; step++) {
        int pixel = start + step * P;
        bool more = step < steps;
        if (more) {
            gather<EACH, GROUPS, THREADS>(v, x, places + step % 2 * P, tap / kernel, tap % kernel, channel,
                    element < ld, height, width, channels, whole);
            fetch<EACH_OUT, GROUPS_OUT, THREADS>(
                    d, dy + (i64)pixel * out + outColumn, out, end - pixel, out - outColumn, wholeOut);
        }
        if (step > 0) {
            const typename E::Element* a = gradients + (step - 1) % 2 * P * STRIDE_OUT + warpOut;
            const typename E::Element* b = windows + (step - 1) % 2 * P * STRIDE + warpElement;
#pragma unroll
            for (int k = 0; k < P; k += 16) {
                unsigned int left[M][E::REGISTERS];
#pragma unroll
                for (int m = 0; m < M; m++) {
                    E::leftColumns(left[m], a + k * STRIDE_OUT + 16 * m, STRIDE_OUT, lane);
                }
#pragma unroll
                for (int n = 0; n < COLUMNS / 16; n++) {
                    unsigned int right[E::REGISTERS];
                    E::rows(right, b + k * STRIDE + 16 * n, STRIDE, lane);
#pragma unroll
                    for (int m = 0; m < M; m++) {
                        E::multiply(sums[m][2 * n], sums[m][2 * n + 1], left[m], right);
                    }
                }
            }
        }
        if (more) {
            put<E, EACH, GROUPS, THREADS>(windows + step % 2 * P * STRIDE, v);
            put<E, EACH_OUT, GROUPS_OUT, THREADS>(gradients + step % 2 * P * STRIDE_OUT, d);
            if (threadIdx.x < P) {
                places[(step + 1) % 2 * P + threadIdx.x] =
                        placeOf(pixel + P + threadIdx.x, end, rows, columns, height, width, outHeight, outWidth);
            }
        }
        __syncthreads();
    }

    float* to = partial + (i64)blockIdx.y * out * ld;
#pragma unroll
    for (int m = 0; m < 2 * M; m++) {
        int row = firstOut + warpOut + 8 * m + lane / 4;
#pragma unroll
        for (int n = 0; n < COLUMNS / 8; n++) {
            int column = firstElement + warpElement + 8 * n + lane % 4 * 2;
            if (row < out && column < ld) {
                *(float2*)(to + (i64)row * ld + column) = {sums[m / 2][n][m % 2 * 2], sums[m / 2][n][m % 2 * 2 + 1]};
            }
        }
    }
}

// ConvolutionTiles adds the lines that make the kernels: up to N channels out at a time, operands of type E, registers
// for BLOCKS on a multiprocessor.
#define TENSOR_CONVOLUTION(TYPE, E, N, WARPS_N, L, P, WARPS_M, BLOCKS)                                               \
    extern "C" __global__ void __launch_bounds__(4 * WARPS_N * WARP, BLOCKS) tensor_convolution_##TYPE##_##N(        \
            const float* __restrict__ x, const void* __restrict__ filters, float* y, float alpha, int add,           \
            int backward, int images, int height, int width, int channels, int outHeight, int outWidth, int out,     \
            int kernel, int stride, int padding) {                                                                   \
        tensorConvolution<E, N, WARPS_N>(x, (const E::Element*)filters, y, alpha, add, backward, images, height,     \
                width, channels, outHeight, outWidth, out, kernel, stride, padding);                                 \
    }                                                                                                                \
    extern "C" __global__ void __launch_bounds__(4 * WARPS_N * WARP, BLOCKS) tensor_filter_gradient_##TYPE##_##N(    \
            const float* __restrict__ x, const float* __restrict__ dy, float* partial, int partPixels, int images,   \
            int height, int width, int channels, int outHeight, int outWidth, int out, int kernel, int stride,       \
            int padding) {                                                                                           \
        tensorFilterGradient<E, N, L, P, 4 * WARPS_N, WARPS_M>(x, dy, partial, partPixels, images, height, width,    \
                channels, outHeight, outWidth, out, kernel, stride, padding);                                        \
    }
