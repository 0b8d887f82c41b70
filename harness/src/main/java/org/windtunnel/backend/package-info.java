/**
 * The kernels a training step is made of, and the memory they run on.
 *
 * <p>{@link org.windtunnel.backend.Backend} is the contract; {@code backend.nd4j} is the portable reference on ND4J
 * ops, {@code backend.cpu} and {@code backend.cuda} are the fast paths. Only these packages know ND4J and CUDA.
 */
package org.windtunnel.backend;
