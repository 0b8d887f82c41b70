/**
 * Optimizers over the flat parameter vector, with an exact ledger of their state.
 *
 * <p>{@link org.windtunnel.optim.Optimizers#create} builds one; per-parameter rates, decay and epsilon come from the
 * scaling table, which must have exactly one row for every parameter.
 */
package org.windtunnel.optim;
