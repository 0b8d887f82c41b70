/**
 * Runs as they stand at this moment: {@link org.windtunnel.analysis.live.LiveRuns} is the way in. Logs are read from where
 * the last reading ended, and what is kept of a curve does not grow with it.
 */
package org.windtunnel.analysis.live;
