// Sliding windows over channels-last images: pooling, and the matrices of windows that make a convolution a product.
// Gradients are gathered: each element of the image adds up the windows that hold it, in order.

// A window's shape, as the kernels' last parameters have it.
#define WINDOW int height, int width, int channels, int outHeight, int outWidth, int kernel, int stride, int padding

// Images [batch, channels, pixels] to [batch, pixels, channels].
extern "C" __global__ void channels_last(const float* x, float* y, unsigned int n, int channels, int pixels) {
    for (unsigned int i = globalThread(); i < n; i += globalThreads()) {
        unsigned int row = i / channels;
        unsigned int image = row / pixels;
        y[i] = x[(image * channels + (i - row * channels)) * pixels + (row - image * pixels)];
    }
}

// dx (+)= dy[image, channel] / pixels
extern "C" __global__ void global_average_backward(
        const float* dy, float* dx, unsigned int n, int channels, int pixels, int add) {
    float share = 1.0f / pixels;
    for (unsigned int i = globalThread(); i < n; i += globalThreads()) {
        unsigned int row = i / channels;
        float d = dy[row / pixels * channels + (i - row * channels)] * share;
        dx[i] = add ? dx[i] + d : d;
    }
}

// Splits an element's index into (image, row, column, channel).
#define SPLIT(i, tall, wide)                             \
    unsigned int pixel = i / channels;                   \
    int channel = i - pixel * channels;                  \
    unsigned int line = pixel / wide;                    \
    int px = pixel - line * wide;                        \
    unsigned int image = line / tall;                    \
    int py = line - image * tall;

// Inside of the image, the part of a window that starts at `start`.
#define INSIDE(start, size, from, to) \
    int from = max(0, start);         \
    int to = min(size, start + kernel);

// Windows that hold coordinate p, of `count`.
#define HOLDING(p, count, from, to)                                                    \
    int from = p + padding < kernel ? 0 : (p + padding - kernel) / stride + 1;         \
    int to = min(count, (p + padding) / stride + 1);

extern "C" __global__ void average_pool_forward(const float* x, float* y, unsigned int n, WINDOW) {
    for (unsigned int i = globalThread(); i < n; i += globalThreads()) {
        SPLIT(i, outHeight, outWidth)
        INSIDE(py * stride - padding, height, y0, y1)
        INSIDE(px * stride - padding, width, x0, x1)
        float sum = 0;
        for (int iy = y0; iy < y1; iy++) {
            for (int ix = x0; ix < x1; ix++) {
                sum += x[((image * height + iy) * width + ix) * channels + channel];
            }
        }
        y[i] = sum / ((y1 - y0) * (x1 - x0));
    }
}

extern "C" __global__ void average_pool_backward(const float* dy, float* dx, unsigned int n, int add, WINDOW) {
    for (unsigned int i = globalThread(); i < n; i += globalThreads()) {
        SPLIT(i, height, width)
        HOLDING(py, outHeight, oy0, oy1)
        HOLDING(px, outWidth, ox0, ox1)
        float sum = 0;
        for (int oy = oy0; oy < oy1; oy++) {
            INSIDE(oy * stride - padding, height, y0, y1)
            for (int ox = ox0; ox < ox1; ox++) {
                INSIDE(ox * stride - padding, width, x0, x1)
                sum += dy[((image * outHeight + oy) * outWidth + ox) * channels + channel] / ((y1 - y0) * (x1 - x0));
            }
        }
        dx[i] = add ? dx[i] + sum : sum;
    }
}

// winners: the pixel of the image, the first of equals.
extern "C" __global__ void max_pool_forward(const float* x, float* y, int* winners, unsigned int n, WINDOW) {
    for (unsigned int i = globalThread(); i < n; i += globalThreads()) {
        SPLIT(i, outHeight, outWidth)
        INSIDE(py * stride - padding, height, y0, y1)
        INSIDE(px * stride - padding, width, x0, x1)
        const float* in = x + (i64)image * height * width * channels + channel;
        int winner = y0 * width + x0;
        float best = in[winner * channels];
        for (int iy = y0; iy < y1; iy++) {
            for (int ix = x0; ix < x1; ix++) {
                float v = in[(iy * width + ix) * channels];
                if (v > best) {
                    best = v;
                    winner = iy * width + ix;
                }
            }
        }
        y[i] = best;
        winners[i] = winner;
    }
}

extern "C" __global__ void max_pool_backward(
        const float* dy, const int* winners, float* dx, unsigned int n, WINDOW) {
    for (unsigned int i = globalThread(); i < n; i += globalThreads()) {
        SPLIT(i, height, width)
        HOLDING(py, outHeight, oy0, oy1)
        HOLDING(px, outWidth, ox0, ox1)
        float sum = 0;
        for (int oy = oy0; oy < oy1; oy++) {
            for (int ox = ox0; ox < ox1; ox++) {
                unsigned int at = ((image * outHeight + oy) * outWidth + ox) * channels + channel;
                sum += winners[at] == py * width + px ? dy[at] : 0;
            }
        }
        dx[i] = sum;
    }
}

// columns[pixel of the output, k, k, channels] = its window; rows are `ld` elements apart, fp32 or bf16. One thread for
// `of` channels, which are adjacent in memory.
template <int of>
__device__ __forceinline__ void windowColumns(const float* x, void* columns, int ld, int half, unsigned int n, WINDOW) {
    unsigned int across = (unsigned int)channels / of;
    for (unsigned int i = globalThread(); i < n; i += globalThreads()) {
        unsigned int rest = i / across;
        int channel = (i - rest * across) * of;
        unsigned int row = rest / (kernel * kernel);
        int tap = rest - row * (kernel * kernel);
        unsigned int line = row / outWidth;
        int image = line / outHeight;
        int iy = (int)(line - image * outHeight) * stride - padding + tap / kernel;
        int ix = (int)(row - line * outWidth) * stride - padding + tap % kernel;
        __align__(16) float values[of];
        if (iy >= 0 && iy < height && ix >= 0 && ix < width) {
            const float* in = x + (((i64)image * height + iy) * width + ix) * channels + channel;
            if (of == 4) {
                *(float4*)values = *(const float4*)in;
            } else {
                values[0] = *in;
            }
        } else {
            for (int j = 0; j < of; j++) {
                values[j] = 0;
            }
        }
        i64 to = (i64)row * ld + tap * channels + channel;
        if (half) {
            unsigned short* out = (unsigned short*)columns + to;
            if (of == 4) {
                unsigned long long low = bf16(values[0]) | bf16(values[of > 1 ? 1 : 0]) << 16;
                unsigned long long high = bf16(values[of > 2 ? 2 : 0]) | bf16(values[of > 3 ? 3 : 0]) << 16;
                *(unsigned long long*)out = low | high << 32;
            } else {
                *out = (unsigned short)bf16(values[0]);
            }
        } else if (of == 4) {
            *(float4*)((float*)columns + to) = *(const float4*)values;
        } else {
            ((float*)columns)[to] = values[0];
        }
    }
}

extern "C" __global__ void window_columns(const float* x, void* columns, int ld, int half, unsigned int n, WINDOW) {
    windowColumns<1>(x, columns, ld, half, n, height, width, channels, outHeight, outWidth, kernel, stride, padding);
}

// The same where channels, and every address with them, are multiples of 4.
extern "C" __global__ void window_columns_by_4(
        const float* x, void* columns, int ld, int half, unsigned int n, WINDOW) {
    windowColumns<4>(x, columns, ld, half, n, height, width, channels, outHeight, outWidth, kernel, stride, padding);
}

// dx (+)= the elements of columns that window_columns would have copied from there.
extern "C" __global__ void window_columns_backward(
        const float* columns, int ld, float* dx, int add, unsigned int n, WINDOW) {
    for (unsigned int i = globalThread(); i < n; i += globalThreads()) {
        SPLIT(i, height, width)
        HOLDING(py, outHeight, oy0, oy1)
        HOLDING(px, outWidth, ox0, ox1)
        float sum = 0;
        for (int oy = oy0; oy < oy1; oy++) {
            int ky = py + padding - oy * stride;
            for (int ox = ox0; ox < ox1; ox++) {
                int tap = ky * kernel + px + padding - ox * stride;
                sum += columns[(((i64)image * outHeight + oy) * outWidth + ox) * ld + tap * channels + channel];
            }
        }
        dx[i] = add ? dx[i] + sum : sum;
    }
}

// The bits of x rounded to tf32, to nearest, as 32 bits.
__device__ __forceinline__ unsigned int tf32(float x) {
    unsigned int bits = __float_as_uint(x);
    bool finite = (bits & 0x7f800000u) != 0x7f800000u;
    return finite ? (bits + 0x1000u) & 0xffffe000u : bits;
}

// Filters to rows of [taps, padded] channels, `ld` elements apart, as fp32 (type 0), tf32 (1) or bf16 (2): n elements
// in all, zeros from `rows` and from `channels` on. Strides are those of filters, whose taps are adjacent.
extern "C" __global__ void pack_filters(
        const float* filters, void* packed, int ld, int type, unsigned int n, int rows, int channels, int padded,
        int taps, int rowStride, int channelStride) {
    for (unsigned int i = globalThread(); i < n; i += globalThreads()) {
        unsigned int rest = i / padded;
        int channel = i - rest * padded;
        int row = rest / taps;
        int tap = rest - row * taps;
        bool there = row < rows && channel < channels;
        float v = there ? filters[row * rowStride + channel * channelStride + tap] : 0;
        i64 to = (i64)row * ld + tap * padded + channel;
        if (type == 2) {
            ((unsigned short*)packed)[to] = (unsigned short)bf16(v);
        } else {
            ((unsigned int*)packed)[to] = type == 1 ? tf32(v) : __float_as_uint(v);
        }
    }
}

// dFilters[out, in, taps] (+)= alpha · the sum of the parts [part, out, ld] of the packed gradient, whose rows are
// [taps, padded]. A block has `lanes` of the n elements, and BLOCK / lanes threads for each, which take parts in turn.
extern "C" __global__ void unpack_filters(
        const float* partial, int parts, i64 partSize, int ld, float* filters, float alpha, int accumulate,
        unsigned int n, int in, int padded, int taps, int lanes) {
    __shared__ float sums[BLOCK];
    unsigned int i = blockIdx.x * lanes + threadIdx.x % lanes;
    unsigned int rest = i / in;
    int channel = i - rest * in;
    unsigned int row = rest / taps;
    int tap = rest - row * taps;
    const float* from = partial + (i64)row * ld + tap * padded + channel;
    float sum = 0;
#pragma unroll 4
    for (int p = threadIdx.x / lanes; i < n && p < parts; p += BLOCK / lanes) {
        sum += from[p * partSize];
    }
    sums[threadIdx.x] = sum;
    __syncthreads();
    if ((int)threadIdx.x < lanes && i < n) {
        for (int j = threadIdx.x + lanes; j < BLOCK; j += lanes) {
            sum += sums[j];
        }
        float* to = filters + (row * in + channel) * taps + tap;
        *to = accumulate ? *to + alpha * sum : alpha * sum;
    }
}
