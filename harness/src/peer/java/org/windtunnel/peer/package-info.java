/**
 * The comparison with DJL's PyTorch: the same GPT, the same initial weights and the same batches on both sides.
 *
 * <p>{@link org.windtunnel.peer.Peer} starts one process per contestant ({@link org.windtunnel.peer.Worker}), for two
 * numerical engines in one process would share thread pools and BLAS symbols, and hands them short bursts of steps in
 * turn, so that whatever else the machine does hits all of them alike. Each contestant takes its own time per step.
 */
package org.windtunnel.peer;
