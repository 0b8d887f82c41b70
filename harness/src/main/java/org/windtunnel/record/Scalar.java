package org.windtunnel.record;

/** The scalars a run logs: the JSONL key, the TensorBoard tag and the unit. A closed set, so a typo does not compile. */
public enum Scalar {
    TRAIN_LOSS("loss", "train/loss"),
    LEARNING_RATE("lr", "train/lr"),
    GRAD_NORM("grad_norm", "grad/global_norm"),
    CLIP("clip", "grad/clip_factor"),
    TOKENS_PER_SECOND("tokens_per_s", "speed/tokens_per_s"),
    MFU("mfu", "speed/mfu"),
    EVAL_LOSS("loss", "eval/loss"),
    EVAL_ERROR("error", "eval/error"),
    EVAL_ACCURACY("accuracy", "eval/accuracy"),
    CLIPPED("clipped", "diag/clipped"),
    LOGIT_Z("logit_z", "diag/logit_z"),
    SHARPNESS("sharpness", "diag/sharpness");

    private final String key;
    private final String tag;

    Scalar(String key, String tag) {
        this.key = key;
        this.tag = tag;
    }

    /** Key in the JSONL files. */
    public String key() {
        return key;
    }

    /** Tag in TensorBoard. */
    public String tag() {
        return tag;
    }
}
