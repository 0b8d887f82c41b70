package org.windtunnel.config;

/**
 * What is measured about a model while it trains, into {@code diag.jsonl}. It changes nothing that a run computes and is
 * left out of its id.
 */
public record DiagnosticsSpec(
        @Key(value = "Steps between measurements; 0: none", def = "0", unit = "steps") @Range(min = 0) int every,
        @Key(value = "Maximum and entropy of the attention logits of each layer", def = "true") boolean attention,
        @Key(value = "Top singular value of each hidden matrix", def = "true") boolean spectrum,
        @Key(
                        value = "Steps between measurements of the sharpness, the largest eigenvalue of the loss's Hessian, a multiple "
                                + "of every; 0: never. The dearest: two passes of the model for each Lanczos step",
                        def = "0",
                        unit = "steps")
                @Range(min = 0) int sharpnessEvery,
        @Key(value = "Lanczos steps of the sharpness at most; it ends earlier at a relative error of 1 percent", def = "20")
                @Range(min = 2) int sharpnessSteps) {

    public DiagnosticsSpec {
        if (sharpnessEvery > 0 && (every == 0 || sharpnessEvery % every != 0)) {
            throw ConfigException.of("sharpness_every", "diagnostics.sharpness_every: expected a multiple of every " + every
                    + " (above 0), found " + sharpnessEvery);
        }
    }

    /** Whether anything is ever measured. */
    public boolean enabled() {
        return every > 0;
    }
}
