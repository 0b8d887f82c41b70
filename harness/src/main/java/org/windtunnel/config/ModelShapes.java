package org.windtunnel.config;

/** Shape arithmetic that the model specs share. */
final class ModelShapes {
    private ModelShapes() {}

    static int heads(int width, Integer heads, Integer headDim) {
        if (heads == null && headDim == null) {
            throw new ConfigException("model: expected heads or head_dim, found neither; give one of them");
        }
        if (headDim != null && width % headDim != 0) {
            throw new ConfigException("model: width " + width + " is not a multiple of head_dim " + headDim
                    + "; choose a width that is");
        }
        int n = heads != null ? heads : width / headDim;
        if (n <= 0 || width % n != 0) {
            throw new ConfigException(
                    "model: width " + width + " is not divisible by heads " + n + "; choose heads that divide it");
        }
        if (heads != null && headDim != null && heads * headDim != width) {
            throw new ConfigException("model: heads " + heads + " x head_dim " + headDim + " is "
                    + heads * headDim + ", expected width " + width + "; give only one of the two");
        }
        return n;
    }
}
