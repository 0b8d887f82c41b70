/**
 * The fast GPU backend, in float32 with matrix products in a precision of choice.
 *
 * <p>The kernels are CUDA C in resource files beside this package, compiled for the card at hand and kept on disk
 * ({@link org.windtunnel.backend.cuda.driver}). Everything here is independent of CUDA's libraries: it packs arguments
 * and chooses grids for a {@link org.windtunnel.backend.cuda.Device}. Tests put a device in its place that runs the
 * same kernel sources on the processor, block by block, so that grids, argument lists and index arithmetic are checked
 * where there is no GPU.
 *
 * <p>Passes that repeat are recorded as CUDA graphs ({@code Recording}), and the figures of a step come to the host
 * when the next one is queued ({@code LateLosses}).
 *
 * <p>Work is queued in one stream. Sums have a fixed order that depends on shapes alone and no kernel uses
 * floating-point atomics, so a run has the same bits twice on one card; cuBLAS promises the same of products for one
 * card model, library version and stream.
 */
package org.windtunnel.backend.cuda;
