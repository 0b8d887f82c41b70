/**
 * One training run from a decided experiment to its markers: the model plan and its ledgers, the step, the loop with its
 * logging and guards, and the executor that wraps a run directory around them.
 */
package org.windtunnel.train;
