/** Compares families of runs, each at its own best learning rate, with one of them as the baseline. */
package org.windtunnel.analysis.compare;
