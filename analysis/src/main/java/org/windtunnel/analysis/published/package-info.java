/**
 * Published scaling-law fits repeated from published data: one class for each folder of data with an
 * {@code expected.json}.
 */
package org.windtunnel.analysis.published;
