package org.windtunnel.schedule;

/** The two areas of a learning-rate curve that the annealing law (Tissue et al., arXiv 2408.11029) is written in. */
public final class AnnealingAreas {
    private AnnealingAreas() {}

    /** Forward area S1: the running sum of the rates. */
    public static double[] forward(double[] rates) {
        double[] out = new double[rates.length];
        double sum = 0;
        for (int i = 0; i < rates.length; i++) {
            sum += rates[i];
            out[i] = sum;
        }
        return out;
    }

    /**
     * Annealing area S2, the running sum of the momentum m_0 = 0, m_i = λ m_{i-1} + (η_{i-1} - η_i). Pass the rates from
     * the first step at the peak on to leave the warm-up out.
     *
     * @param lambda decay factor λ in [0, 1], 0.999 in the paper
     */
    public static double[] annealing(double[] rates, double lambda) {
        double[] out = new double[rates.length];
        double momentum = 0;
        double sum = 0;
        for (int i = 1; i < rates.length; i++) {
            momentum = lambda * momentum + (rates[i - 1] - rates[i]);
            sum += momentum;
            out[i] = sum;
        }
        return out;
    }
}
