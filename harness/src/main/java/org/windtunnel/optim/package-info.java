/** Optimizers over the flat parameter vector, with an exact ledger of their state. */
package org.windtunnel.optim;
