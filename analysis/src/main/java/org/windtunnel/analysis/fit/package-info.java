/**
 * Robust fits of scaling laws: screened starts, damped Newton with the exact Hessian, bootstrap over runs, hold-out,
 * and plain warnings when the data cannot tell.
 */
package org.windtunnel.analysis.fit;
