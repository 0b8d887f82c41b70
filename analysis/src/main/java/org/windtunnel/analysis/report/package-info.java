/**
 * Draws a study: one HTML file that opens without a network, and PNG pictures of its main charts.
 *
 * <p>Charts are Vega-Lite specifications with their data inside, so a test can read what a chart shows. Every string
 * that comes from a configuration is escaped where it enters the page ({@link
 * org.windtunnel.analysis.report.Html}, {@link org.windtunnel.analysis.report.Specs}).
 */
package org.windtunnel.analysis.report;
