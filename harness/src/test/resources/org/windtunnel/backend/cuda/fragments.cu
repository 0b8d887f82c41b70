// One product of 16 x 16 (tf32: 16 x 8) by 16 x 8 (8 x 8) matrices, for the test of which lane holds what: a, b, c are
// [lane, register].
extern "C" __global__ void multiply_fragments(const unsigned int* a, const unsigned int* b, float* c, int tf32) {
    int lane = threadIdx.x;
    float sums[4] = {};
    if (tf32) {
        multiplyTf32(sums, a + 4 * lane, b + 2 * lane);
    } else {
        multiplyBf16(sums, a + 4 * lane, b + 2 * lane);
    }
    for (int r = 0; r < 4; r++) {
        c[4 * lane + r] = sums[r];
    }
}
