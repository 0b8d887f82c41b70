/**
 * The fast CPU backend: BLAS on strided off-heap matrices, fused pointwise kernels on small heap blocks, threads over
 * fixed chunks.
 *
 * <p>How a kernel works. Storage is ND4J off-heap memory. BLAS reads and writes it in place, with offsets and row
 * distances. Everything else stages a block of a few thousand floats into per-thread heap arrays, computes there with
 * {@link org.windtunnel.backend.cpu.Lanes} (Vector API, or plain loops where that module is absent), and puts the
 * block back. A kernel is a {@link org.windtunnel.backend.cpu.Kernel} object that keeps the arguments of the call in
 * its fields, so a call allocates nothing.
 *
 * <p>Why 1 and 2 threads agree bit for bit. A kernel's work is cut into chunks whose number and bounds follow from its
 * shapes alone; threads only decide who computes a chunk. Sums keep one partial per chunk and are combined in chunk
 * order. BLAS runs single-threaded on each chunk.
 */
package org.windtunnel.backend.cpu;
