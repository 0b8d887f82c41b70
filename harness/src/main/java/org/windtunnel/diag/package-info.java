/**
 * What can be measured about a model while it trains: sizes of activations, gradients and updates, attention logits, top
 * singular values of matrices, and the sharpness of the loss. Nothing here changes what training computes.
 */
package org.windtunnel.diag;
