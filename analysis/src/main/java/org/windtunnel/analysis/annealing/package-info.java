/** Loss along whole training curves as a function of their learning-rate schedules, and predictions for other ones. */
package org.windtunnel.analysis.annealing;
