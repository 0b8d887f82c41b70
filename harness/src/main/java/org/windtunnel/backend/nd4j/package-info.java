/**
 * The portable reference backend: every kernel written with ND4J array operations, so that it runs on whichever ND4J
 * backend is on the class path and serves as the oracle of the fast ones.
 *
 * <p>Temporaries live in one ND4J workspace per backend, which is reset after each kernel; see
 * {@link org.windtunnel.backend.nd4j.Scratch}.
 */
package org.windtunnel.backend.nd4j;
