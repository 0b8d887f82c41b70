// Updates of weights. Numbers that a step or a run may change are read from memory, in double precision.

struct AdamNumbers {
    int k;
    float rate;
    float decay;
    float eps;
    float beta1;
    float oneMinusBeta1;
    float beta2;
    float oneMinusBeta2;
    float root;
    float gradScale;
};

// w = w·decay - rate · m / (sqrt(v)·root + eps), with decay = 1 - lr·wd, the bias corrections in rate and root.
extern "C" __global__ void adamw(
        const Slice* ws, const Slice* gs, const Slice* ms, const Slice* vs, int count, float* w, const float* g, float* m,
        float* v, const double* scalars, int epsInside, const double* gradScale) {
    __shared__ AdamNumbers a;
    if (threadIdx.x == 0) {
        a.k = sliceOfBlock(ws, count);
        const double* common = scalars + 3 * count;
        double lr = scalars[a.k];
        double correction2 = common[3];
        a.rate = (float)(lr * ((epsInside ? sqrt(correction2) : 1) / common[2]));
        a.decay = (float)(1 - lr * scalars[count + a.k]);
        a.eps = (float)scalars[2 * count + a.k];
        a.beta1 = (float)common[0];
        a.oneMinusBeta1 = (float)(1 - common[0]);
        a.beta2 = (float)common[1];
        a.oneMinusBeta2 = (float)(1 - common[1]);
        a.root = (float)(epsInside ? 1 : 1 / sqrt(correction2));
        a.gradScale = (float)gradScale[0];
    }
    __syncthreads();
    int end;
    int start = startOfBlock(ws, a.k, &end);
    w += ws[a.k].offset;
    g += gs[a.k].offset;
    m += ms[a.k].offset;
    v += vs[a.k].offset;
    for (int i = start + threadIdx.x; i < end; i += BLOCK) {
        float gradient = g[i] * a.gradScale;
        float first = a.beta1 * m[i] + a.oneMinusBeta1 * gradient;
        float second = a.beta2 * v[i] + a.oneMinusBeta2 * gradient * gradient;
        m[i] = first;
        v[i] = second;
        w[i] = w[i] * a.decay - a.rate * first / (sqrtf(second) * a.root + a.eps);
    }
}

// buffer may be null, and gains, which are 1 then. decoupled: w = w(1 - decay) first, else decay · w joins the gradient.
extern "C" __global__ void sgd(
        const Slice* ws, const Slice* gs, const Slice* bs, int count, float* w, const float* g, float* buffer,
        const double* scalars, const float* gains, int nesterov, int decoupled, const double* gradScale) {
    int k = sliceOfBlock(ws, count);
    const double* common = scalars + 2 * count;
    float rate = (float)(gains ? scalars[k] * gains[k] : scalars[k]);
    float decay = (float)scalars[count + k];
    float momentum = (float)common[0];
    float oneMinusDampening = (float)(1 - common[1]);
    bool firstStep = common[2] != 0;
    float scale = (float)gradScale[0];
    int end;
    int start = startOfBlock(ws, k, &end);
    w += ws[k].offset;
    g += gs[k].offset;
    buffer = buffer ? buffer + bs[k].offset : buffer;
    for (int i = start + threadIdx.x; i < end; i += BLOCK) {
        float weight = w[i];
        float d = g[i] * scale;
        if (decoupled) {
            weight *= 1 - decay;
        } else if (decay != 0) {
            d += decay * weight;
        }
        float direction = d;
        if (buffer) {
            float b = firstStep ? d : momentum * buffer[i] + oneMinusDampening * d;
            buffer[i] = b;
            direction = nesterov ? d + momentum * b : b;
        }
        w[i] = weight - rate * direction;
    }
}
