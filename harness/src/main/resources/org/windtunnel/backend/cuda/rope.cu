// Rotary positions.

// y may be x.
template <typename T>
__device__ __forceinline__ void rotate(
        const float* x, i64 ldx, const float* cosines, const float* sines, T* y, i64 ldy, i64 n, int t, int heads,
        int half, bool inverse) {
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        i64 item = i / half;
        int pair = (int)(i - item * half);
        i64 row = item / heads;
        i64 column = (item - row * heads) * 2 * half + pair;
        i64 angle = row % t * half + pair;
        float c = cosines[angle];
        float s = inverse ? -sines[angle] : sines[angle];
        float first = x[row * ldx + column];
        float second = x[row * ldx + column + half];
        put(y + row * ldy + column, first * c - second * s);
        put(y + row * ldy + column + half, second * c + first * s);
    }
}

extern "C" __global__ void rope(
        const float* x, i64 ldx, const float* cosines, const float* sines, float* y, i64 ldy, i64 n, int t, int heads,
        int half, int inverse) {
    rotate(x, ldx, cosines, sines, y, ldy, n, t, heads, half, inverse);
}

extern "C" __global__ void rope_bf16(
        const float* x, i64 ldx, const float* cosines, const float* sines, Rounded* y, i64 ldy, i64 n, int t, int heads,
        int half, int inverse) {
    rotate(x, ldx, cosines, sines, y, ldy, n, t, heads, half, inverse);
}
