package org.windtunnel.config;

import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.OptimizerSpec.Sgd;

/** Settings of an auxiliary SGD, by default with the momentum that cifar10-airbench has beside Muon. */
public record AuxiliarySgd(
        @Key(value = "Peak learning rate; none: the main one", def = Key.NONE) @Range(min = 0) Double lr,
        @Key(value = "Momentum; 0 for none", def = "0.85") double momentum,
        @Key(value = "Nesterov momentum", def = "true") boolean nesterov,
        @Key(value = "Coupled L2 weight decay", def = "0") double weightDecay,
        @Key(value = "Which parameters decay: matrices (two or more axes) or all", def = "matrices") Decayed decayed) {

    Sgd resolve(double mainLr) {
        return new Sgd(lr != null ? lr : mainLr, momentum, 0, nesterov, weightDecay, decayed);
    }
}
