/**
 * Coordinate checks (Tensor Programs V, arXiv 2203.03466, appendix D.1): how the size of every module's output, and of its
 * change over the first steps, depends on width. Under a parameterization that transfers hyperparameters it does not.
 */
package org.windtunnel.coord;
