/** A read-only dashboard over HTTP for one person on one machine: {@link org.windtunnel.analysis.serve.Dashboard}. */
package org.windtunnel.analysis.serve;
