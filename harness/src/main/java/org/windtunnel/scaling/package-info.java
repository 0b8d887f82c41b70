/** Parameterizations: pure functions from declared parameters to initialisation, learning-rate, decay and forward multipliers. */
package org.windtunnel.scaling;
