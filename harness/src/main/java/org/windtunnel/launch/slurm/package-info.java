/** Sweeps as array jobs of Slurm. */
package org.windtunnel.launch.slurm;
