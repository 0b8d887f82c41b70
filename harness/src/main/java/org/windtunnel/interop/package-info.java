/**
 * Models on their way to and from other programs.
 *
 * <h2>Transformers: safetensors</h2>
 *
 * {@link org.windtunnel.interop.TransformerExport} writes a run's weights,
 * {@link org.windtunnel.interop.InitialWeights}
 * starts a run from them.
 *
 * <ul>
 *   <li>GPT: nanoGPT's names ({@code transformer.h.0.attn.c_attn.weight}). Matrices are [out, in] as in
 *       {@code nn.Linear}; Hugging Face's GPT-2 stores them as {@code Conv1D}, [in, out], and is refused with that
 *       reason.
 *   <li>LLaMA: Hugging Face's names ({@code model.layers.0.self_attn.q_proj.weight}), with QK-norm those of Qwen3
 *       ({@code self_attn.q_norm.weight}). Rotary positions turn element i of a head together with element i +
 *       headDim/2 (Hugging Face's {@code rotate_half}), so no rows are permuted; Meta's own checkpoints interleave the
 *       pairs.
 *   <li>{@code __metadata__} holds {@code config} (nanoGPT's {@code GPTConfig} or Hugging Face's {@code config.json}),
 *       {@code windtunnel.model} (the {@code model} section of an experiment), and {@code windtunnel.multipliers}.
 * </ul>
 *
 * The constants that a parameterization puts into the forward pass are no weights. They stand in the metadata, and an
 * export with {@code --fold-multipliers} multiplies them into the weights instead, after which any implementation
 * computes the same logits from the file. A run that starts from a file with other constants than its own has the
 * quotient multiplied into its weights, so that it begins as the function that the file describes.
 */
package org.windtunnel.interop;
