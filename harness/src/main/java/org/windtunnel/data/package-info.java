/**
 * Where tokens come from and which of them a step sees: text, token shards, a synthetic source of known entropy, and
 * the batch plan that maps (seed, step) to exact offsets.
 *
 * <p>Start at {@link org.windtunnel.data.Corpora#open}, {@link org.windtunnel.data.BatchPlan} and
 * {@link org.windtunnel.data.Batches}.
 */
package org.windtunnel.data;
