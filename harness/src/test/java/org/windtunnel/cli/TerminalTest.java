package org.windtunnel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TerminalTest {
    @ParameterizedTest
    @CsvSource({"950, 950", "12345, 12.3k", "999600, 1.00M", "3.991e18, 3.99E", "2.5e24, 2.50e+03Z", "-4200, -4.20k"})
    void countsHaveThreeDigitsAndAUnit(double n, String text) {
        assertThat(Terminal.count(n)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"41.7, 42 s", "185, 3 min 05 s", "7800, 2 h 10 min"})
    void durationsHaveTwoUnits(double seconds, String text) {
        assertThat(Terminal.duration(seconds)).isEqualTo(text);
    }
}
