/** Compute-optimal sizes without a law of N and D: minima of IsoFLOP curves and the envelope of training curves. */
package org.windtunnel.analysis.isoflop;
