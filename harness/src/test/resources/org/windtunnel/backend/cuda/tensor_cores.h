// Tensor cores on the processor: what mma.cuh asks of them in PTX. The lanes of a warp show each other their registers,
// and each works out its own part of the result, in double. Included after emulation.h. The layout is that of the PTX
// ISA, as mma.cuh has it; the sums of a card are fp32, in an order that is not documented.
#define EMULATION

namespace emulation {

struct Registers {
    uint32_t a[4];
    uint32_t b[2];
};

// Those of each warp's lanes, twice: a lane may show the next while another still reads the last.
extern Registers registers[2][32][32];

// What all lanes of the warp show.
inline const Registers* show(const unsigned int* a, const unsigned int* b) {
    Registers* warp = registers[current->products++ % 2][current->thread.x / 32];
    memcpy(warp[lane()].a, a, sizeof(Registers::a));
    memcpy(warp[lane()].b, b, sizeof(Registers::b));
    shuffle(0, lane());
    return warp;
}

inline float ofBits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, 4);
    return x;
}

inline float half(uint32_t pair, int high) {
    return ofBits(high ? pair & 0xffff0000u : pair << 16);
}

// Row j of matrix i begins at the address that lane 8i + j gives.
inline const uint16_t* row(const void* given, int matrix, int row) {
    return (const uint16_t*)shuffle((uintptr_t)given, 8 * matrix + row);
}

inline void checkAligned(const void* given) {
    if ((uintptr_t)given % 16 != 0) {
        fault = ALIGNMENT;
    }
}

}  // namespace emulation

static inline void multiplyBf16(float (&c)[4], const unsigned int* a, const unsigned int* b) {
    const emulation::Registers* warp = emulation::show(a, b);
    for (int r = 0; r < 4; r++) {
        int row = emulation::lane() / 4 + 8 * (r / 2);
        int column = emulation::lane() % 4 * 2 + r % 2;
        double sum = c[r];
        for (int k = 0; k < 16; k++) {
            uint32_t left = warp[row % 8 * 4 + k % 8 / 2].a[row / 8 + 2 * (k / 8)];
            uint32_t right = warp[column * 4 + k % 8 / 2].b[k / 8];
            sum += (double)emulation::half(left, k % 2) * emulation::half(right, k % 2);
        }
        c[r] = (float)sum;
    }
}

static inline void multiplyTf32(float (&c)[4], const unsigned int* a, const unsigned int* b) {
    const emulation::Registers* warp = emulation::show(a, b);
    for (int r = 0; r < 4; r++) {
        int row = emulation::lane() / 4 + 8 * (r / 2);
        int column = emulation::lane() % 4 * 2 + r % 2;
        double sum = c[r];
        for (int k = 0; k < 8; k++) {
            // The cores do not look at the low 13 bits.
            uint32_t left = warp[row % 8 * 4 + k % 4].a[row / 8 + 2 * (k / 4)] & ~0x1fffu;
            uint32_t right = warp[column * 4 + k % 4].b[k / 4] & ~0x1fffu;
            sum += (double)emulation::ofBits(left) * emulation::ofBits(right);
        }
        c[r] = (float)sum;
    }
}

static inline void loadMatrices(unsigned int* r, const void* given) {
    emulation::checkAligned(given);
    for (int i = 0; i < 4; i++) {
        const uint16_t* row = emulation::row(given, i, emulation::lane() / 4) + emulation::lane() % 4 * 2;
        r[i] = row[0] | (uint32_t)row[1] << 16;
    }
}

static inline void loadTransposed(unsigned int* r, const void* given) {
    emulation::checkAligned(given);
    for (int i = 0; i < 4; i++) {
        const uint16_t* low = emulation::row(given, i, emulation::lane() % 4 * 2);
        const uint16_t* high = emulation::row(given, i, emulation::lane() % 4 * 2 + 1);
        r[i] = low[emulation::lane() / 4] | (uint32_t)high[emulation::lane() / 4] << 16;
    }
}

static inline uint32_t roundBf16(float x) {
    uint32_t bits = __float_as_uint(x);
    return (x != x ? bits | 0x400000u : bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
}

static inline unsigned int packBf16(float low, float high) {
    return roundBf16(low) | roundBf16(high) << 16;
}

static inline unsigned int roundTf32(float x) {
    uint32_t bits = __float_as_uint(x);
    return std::isfinite(x) ? (bits + 0x1000u) & ~0x1fffu : bits;
}

static inline float4 loadFour(const float* from, bool there) {
    if (there) {
        emulation::checkAligned(from);
    }
    return there ? *(const float4*)from : float4{0, 0, 0, 0};
}

static inline float powerOfTwo(float x) {
    return exp2f(x);
}
