/** What a run leaves on disk: the run directory of {@code runs/README.md}, written line by line. */
package org.windtunnel.record;
