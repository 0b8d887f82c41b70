/**
 * Learning-rate schedules: pure functions from the optimizer step to a multiplier of the peak rate.
 *
 * <p>Steps are counted from 0. In the house convention a schedule is evaluated at s = step + 1: the warm-up of W steps is
 * s/W and a decay that starts at S and ends with the run at T has x = (s - S)/(T - S), so step 0 already moves, step W-1
 * is at the peak, and the last step is at the floor. Other conventions are options.
 */
package org.windtunnel.schedule;
