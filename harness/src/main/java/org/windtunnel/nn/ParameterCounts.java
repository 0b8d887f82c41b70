package org.windtunnel.nn;

import java.util.List;

/**
 * Elements of a model's parameters.
 *
 * @param embedding token and position tables; a tied readout is the token table and counted here
 * @param nonEmbedding everything else, an untied readout included: the N of scaling laws
 */
public record ParameterCounts(long embedding, long nonEmbedding) {

    /** Counts declared parameters. */
    public static ParameterCounts of(List<ParamSpec> specs) {
        long embedding = 0;
        long rest = 0;
        for (ParamSpec spec : specs) {
            if (spec.role() == Role.EMBEDDING) {
                embedding += spec.size();
            } else {
                rest += spec.size();
            }
        }
        return new ParameterCounts(embedding, rest);
    }

    public long total() {
        return embedding + nonEmbedding;
    }
}
