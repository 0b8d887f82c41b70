// APOLLO's updates: every launch takes all matrices of a group, whatever their shapes.

// A line of ProjectedMatrices' table: first elements in the flat vectors, shapes, and the blocks of the matrices before.
struct Projected {
    int weight;
    int gradient;
    int projection;
    int reduced;
    int factor;
    int rows;
    int columns;
    int reducedRows;
    int reducedColumns;
    int columnsCompressed;
    int channels;
    int firstPart;
    int firstFactors;
    int firstBlock;
};

#define BY_ROW 0
#define BY_COLUMN 1

// Numbers of a matrix: beta1, beta2, eps; base, front, amplitude, growth (0: no limit), 1 at the first step; keep.
#define NUMBERS 9
#define LIMITER 3
#define KEEP 8
#define RATIO_EPS 1e-8

// The matrix that a block belongs to, by one of the counts of blocks.
__device__ __forceinline__ int matrixOfBlock(const Projected* xs, int count, int Projected::*first) {
    int low = 0;
    int high = count - 1;
    while (low < high) {
        int middle = (low + high + 1) / 2;
        if (xs[middle].*first <= (int)blockIdx.x) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

// r = g pᵀ or pᵀ g for projections of rank 1, a warp a row or 32 columns a block; partial[block] = the squares of what
// the block has read.
extern "C" __global__ void project_vectors(
        const Projected* xs, int count, const float* g, const float* p, float* r, double* partial) {
    Projected x = xs[matrixOfBlock(xs, count, &Projected::firstPart)];
    int block = (int)blockIdx.x - x.firstPart;
    int lane = threadIdx.x % WARP;
    int warp = threadIdx.x / WARP;
    g += x.gradient;
    p += x.projection;
    r += x.reduced;
    float sum = 0;
    double squares = 0;
    if (x.columnsCompressed) {
        int row = block * (BLOCK / WARP) + warp;
        if (row < x.rows) {
            const float* line = g + (i64)row * x.columns;
            for (int c = lane; c < x.columns; c += WARP) {
                sum = fmaf(line[c], p[c], sum);
                squares += (double)line[c] * line[c];
            }
        }
        sum = warpSum(sum);
        if (row < x.rows && lane == 0) {
            r[row] = sum;
        }
    } else {
        int column = block * WARP + lane;
        if (column < x.columns) {
            for (int row = warp; row < x.rows; row += BLOCK / WARP) {
                float v = g[(i64)row * x.columns + column];
                sum = fmaf(v, p[row], sum);
                squares += (double)v * v;
            }
        }
        sum = columnBlockSum(sum);
        if (warp == 0 && column < x.columns) {
            r[column] = sum;
        }
    }
    squares = blockSum(squares);
    if (threadIdx.x == 0) {
        partial[blockIdx.x] = squares;
    }
}

struct MomentNumbers {
    float scale;
    float beta1;
    float oneMinusBeta1;
    float beta2;
    float oneMinusBeta2;
    float eps;
};

// Adam's moments of an element of the projected gradient, which is returned, and their direction.
__device__ __forceinline__ float moments(const MomentNumbers& a, float r, float* m, float* v, float* direction) {
    float gradient = r * a.scale;
    float first = a.beta1 * *m + a.oneMinusBeta1 * gradient;
    float second = a.beta2 * *v + a.oneMinusBeta2 * gradient * gradient;
    *m = first;
    *v = second;
    *direction = first / (sqrtf(second) + a.eps);
    return gradient;
}

// factor = ‖m / (sqrt(v) + eps)‖ / (‖r‖ + 1e-8) over a row (a warp each), a column (32 a block) or all (a block), with r
// scaled by *gradScale and the moments taken further by it.
extern "C" __global__ void projected_factors(
        const Projected* xs, int count, const float* r, float* m, float* v, const double* numbers,
        const double* gradScale, float* factor) {
    int k = matrixOfBlock(xs, count, &Projected::firstFactors);
    Projected x = xs[k];
    numbers += NUMBERS * k;
    MomentNumbers a = {(float)gradScale[0], (float)numbers[0], (float)(1 - numbers[0]), (float)numbers[1],
            (float)(1 - numbers[1]), (float)numbers[2]};
    int block = (int)blockIdx.x - x.firstFactors;
    int lane = threadIdx.x % WARP;
    int warp = threadIdx.x / WARP;
    r += x.reduced;
    m += x.reduced;
    v += x.reduced;
    factor += x.factor;
    float direction;
    if (x.channels == BY_COLUMN) {
        int column = block * WARP + lane;
        float update = 0;
        float gradient = 0;
        if (column < x.reducedColumns) {
            for (int row = warp; row < x.reducedRows; row += BLOCK / WARP) {
                int at = row * x.reducedColumns + column;
                float own = moments(a, r[at], m + at, v + at, &direction);
                update += direction * direction;
                gradient += own * own;
            }
        }
        update = columnBlockSum(update);
        gradient = columnBlockSum(gradient);
        if (warp == 0 && column < x.reducedColumns) {
            factor[column] = (float)(sqrt((double)update) / (sqrt((double)gradient) + RATIO_EPS));
        }
        return;
    }
    bool byRow = x.channels == BY_ROW;
    int row = block * (BLOCK / WARP) + warp;
    int start = byRow ? row * x.reducedColumns + lane : (int)threadIdx.x;
    int end = !byRow ? x.reducedRows * x.reducedColumns : row < x.reducedRows ? (row + 1) * x.reducedColumns : 0;
    double update = 0;
    double gradient = 0;
    for (int at = start; at < end; at += byRow ? WARP : BLOCK) {
        float own = moments(a, r[at], m + at, v + at, &direction);
        update += (double)direction * direction;
        gradient += (double)own * own;
    }
    update = byRow ? warpSum(update) : blockSum(update);
    gradient = byRow ? warpSum(gradient) : blockSum(gradient);
    if (byRow ? lane == 0 && row < x.reducedRows : threadIdx.x == 0) {
        factor[byRow ? row : 0] = (float)(sqrt(update) / (sqrt(gradient) + RATIO_EPS));
    }
}

__device__ __forceinline__ float channelFactor(const Projected& x, const float* factor, int i) {
    return factor[x.channels == BY_ROW ? i / x.columns : x.channels == BY_COLUMN ? i % x.columns : 0];
}

// partial[block] = the squares of the block's elements of the scaled gradient.
extern "C" __global__ void scaled_squares(
        const Projected* xs, int count, const float* g, const float* factor, double* partial) {
    Projected x = xs[matrixOfBlock(xs, count, &Projected::firstBlock)];
    int start = ((int)blockIdx.x - x.firstBlock) * SLICE;
    int end = min(start + SLICE, x.rows * x.columns);
    g += x.gradient;
    factor += x.factor;
    double sum = 0;
    for (int i = start + threadIdx.x; i < end; i += BLOCK) {
        double v = g[i] * channelFactor(x, factor, i);
        sum += v * v;
    }
    sum = blockSum(sum);
    if (threadIdx.x == 0) {
        partial[blockIdx.x] = sum;
    }
}

// Fira's limiter, a block a matrix. The squares are the gradient's, still without the factor, if factor is not null.
extern "C" __global__ void limited_rates(
        const Projected* xs, int count, int parts, const double* partial, const double* numbers, const float* factor,
        const double* gradScale, float* last, double* rate) {
    int k = blockIdx.x;
    int end = k + 1 < count ? xs[k + 1].firstPart : parts;
    double squares = 0;
    for (int i = xs[k].firstPart + threadIdx.x; i < end; i += BLOCK) {
        squares += partial[i];
    }
    squares = blockSum(squares);
    if (threadIdx.x > 0) {
        return;
    }
    numbers += NUMBERS * k + LIMITER;
    double growth = numbers[3];
    double norm = gradScale[0] * numbers[1] * ((factor ? factor[xs[k].factor] : 1) * sqrt(squares));
    double limit = 1;
    if (numbers[4] == 0 && growth != 0) {
        double grown = norm / (last[k] + RATIO_EPS);
        limit = (grown < growth ? growth : grown) / growth;
    }
    last[k] = (float)(norm / limit);
    rate[k] = numbers[0] * gradScale[0] * numbers[2] / limit;
}

// w = (w - rate · g · factor) · keep
extern "C" __global__ void scaled_updates(
        const Projected* xs, int count, float* w, const float* g, const float* factor, const double* rates,
        const double* numbers) {
    int k = matrixOfBlock(xs, count, &Projected::firstBlock);
    Projected x = xs[k];
    float rate = (float)rates[k];
    float keep = (float)numbers[NUMBERS * k + KEEP];
    int start = ((int)blockIdx.x - x.firstBlock) * SLICE;
    int end = min(start + SLICE, x.rows * x.columns);
    w += x.weight;
    g += x.gradient;
    factor += x.factor;
    for (int i = start + threadIdx.x; i < end; i += BLOCK) {
        w[i] = (w[i] - rate * g[i] * channelFactor(x, factor, i)) * keep;
    }
}
