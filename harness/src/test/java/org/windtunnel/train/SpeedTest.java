package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class SpeedTest {

    /** A million tokens a second of a model of 6 * 124M FLOPs a token, on a card of 989.4 TFLOP/s. */
    @Test
    void mfuIsModelFlopsOverThePeak() {
        Speed speed = Speed.of(1e6, 6 * 124e6, OptionalDouble.of(989.4e12));
        assertThat(speed.mfu()).isCloseTo(0.752, within(1e-3));
        assertThat(speed.tokensPerSecond()).isEqualTo(1e6);
    }

    @Test
    void noPeakNoMfu() {
        assertThat(Speed.of(1e6, 6 * 124e6, OptionalDouble.empty()).mfu()).isNaN();
    }
}
