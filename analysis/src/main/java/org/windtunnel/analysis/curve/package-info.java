/** Run directories and foreign tables as typed data: {@link org.windtunnel.analysis.curve.RunTable} is the way in. */
package org.windtunnel.analysis.curve;
