/** Reads run directories, finds optima, fits scaling laws and says how far to trust them. Never imports ND4J. */
package org.windtunnel.analysis;
