// Numbers in fp32 and bf16: copies from one to the other.

// to = from, in another type.
extern "C" __global__ void narrow(const float* from, Rounded* to, i64 n) {
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        put(to + i, from[i]);
    }
}

extern "C" __global__ void widen(const Rounded* from, float* to, i64 n) {
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        to[i] = get(from + i);
    }
}

extern "C" __global__ void fill_bf16(Rounded* x, i64 n, float value) {
    for (i64 i = globalThread(); i < n; i += globalThreads()) {
        put(x + i, value);
    }
}

// Copies rows to bf16. The output's rows are `groups` groups of 8 elements apart, and begin at 16 bytes; a thread
// copies a group. Matrices along the grid's z are `stride` elements apart, and adjacent in the output.
template <typename T>
__device__ __forceinline__ void packRows(
        const T* x, int columns, i64 ld, Rounded* out, unsigned int groups, i64 rows, bool whole) {
    for (i64 i = globalThread(); i < groups * rows; i += globalThreads()) {
        i64 row = quotient(i, groups);
        int column = (int)(i - row * groups) * GROUP;
        const T* from = x + row * ld + column;
        Rounded* to = out + i * GROUP;
        if (whole && column + GROUP <= columns) {
            float v[GROUP];
            getGroup((const float*)from, v);
            putGroup(to, v);
        } else {
            for (int c = 0; c < min(GROUP, columns - column); c++) {
                put(to + c, get(from + c));
            }
        }
    }
}

extern "C" __global__ void round_to_bf16(
        const float* x, int columns, i64 ld, Rounded* out, unsigned int groups, i64 rows, i64 stride) {
    x += STACK_Z * stride;
    out += (i64)STACK_Z * groups * rows * GROUP;
    packRows(x, columns, ld, out, groups, rows, aligned(x) && ld % 4 == 0);
}

// For rows of bf16 that do not all begin at 16 bytes.
extern "C" __global__ void pack_bf16(
        const Rounded* x, int columns, i64 ld, Rounded* out, unsigned int groups, i64 rows, i64 stride) {
    x += STACK_Z * stride;
    out += (i64)STACK_Z * groups * rows * GROUP;
    packRows(x, columns, ld, out, groups, rows, false);
}
