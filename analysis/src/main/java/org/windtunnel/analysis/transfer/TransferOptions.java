package org.windtunnel.analysis.transfer;

import java.util.List;
import org.windtunnel.analysis.curve.SizeMeasure;

/**
 * What makes a bowl and a group.
 *
 * @param lrPath config path of the peak learning rate
 * @param widthPath config path of what the rate is transferred over: the width, or another size such as the depth
 * @param groupPaths config paths that separate groups
 * @param size which parameter count is N
 * @param seed of the resampling behind intervals
 * @param tolerance octaves of learning rate per doubling of the size that still count as transfer
 */
public record TransferOptions(
        String lrPath, String widthPath, List<String> groupPaths, SizeMeasure size, long seed, double tolerance) {

    /** What the rate is transferred over, in a word. */
    String axis() {
        return Labels.key(widthPath);
    }
}
