/** How what diagnostics measured at the end of a run, such as singular values, grows with the size of the model. */
package org.windtunnel.analysis.trend;
