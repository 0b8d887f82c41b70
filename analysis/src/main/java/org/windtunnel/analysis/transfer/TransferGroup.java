package org.windtunnel.analysis.transfer;

import java.util.List;
import java.util.Map;

/**
 * The bowls of runs that differ in width, learning rate and seed only.
 *
 * @param label short name for legends, such as {@code mup}; {@code all runs} when nothing groups them
 * @param group config path → value
 * @param bowls by increasing width
 * @param drift null with fewer than two widths
 */
public record TransferGroup(String label, Map<String, Object> group, List<LrBowl> bowls, Drift drift) {}
