/** From one experiment file to many runs: the plan of a sweep, and the processes that work it off. */
package org.windtunnel.launch;
