/** What a fitted law says about runs that were not made: compute-optimal size and tokens, extrapolated loss. */
package org.windtunnel.analysis.plan;
