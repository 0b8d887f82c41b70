/** Learning-rate schedules: pure functions from the optimizer step to a multiplier of the peak rate. */
package org.windtunnel.schedule;
