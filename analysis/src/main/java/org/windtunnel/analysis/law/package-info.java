/** The forms of scaling laws: value, gradient and Hessian of ln L, parameters with bounds, starts. */
package org.windtunnel.analysis.law;
