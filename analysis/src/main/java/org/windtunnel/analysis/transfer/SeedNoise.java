package org.windtunnel.analysis.transfer;

import java.util.List;

/**
 * How much single runs scatter around a bowl.
 *
 * <p>A seed fixes initialisation and data order at every rate, so part of its effect is common to the whole bowl and
 * moves it up or down without moving its optimum. Where all rates have the same seeds, that part is taken out: the noise
 * is what remains of loss(rate, seed) beside an effect of the rate and one of the seed.
 *
 * @param sd standard deviation of a run
 * @param dof degrees of freedom behind it
 */
record SeedNoise(double sd, int dof) {

    /** Of points that each have two or more finite losses. */
    static SeedNoise of(List<LrPoint> points) {
        List<Long> seeds = points.get(0).seeds();
        boolean paired = points.size() > 1
                && seeds.size() > 1
                && seeds.stream().distinct().count() == seeds.size()
                && points.stream().allMatch(p -> p.seeds().equals(seeds));
        double[] common = new double[seeds.size()];
        int dof = 0;
        if (paired) {
            for (int s = 0; s < common.length; s++) {
                for (LrPoint p : points) {
                    common[s] += (p.seedLosses().get(s) - p.loss()) / points.size();
                }
            }
            dof -= seeds.size() - 1;
        }
        double squares = 0;
        for (LrPoint p : points) {
            for (int s = 0; s < p.seedLosses().size(); s++) {
                double residual = p.seedLosses().get(s) - p.loss() - (paired ? common[s] : 0);
                squares += residual * residual;
            }
            dof += p.seedLosses().size() - 1;
        }
        return new SeedNoise(Math.sqrt(squares / dof), dof);
    }
}
