package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.windtunnel.AllocationProbe;

/** A step of a run leaves no garbage. */
class StepAllocationTest {

    @ParameterizedTest
    @EnumSource(StepAllocation.Model.class)
    void aStepAllocatesNothingAfterWarmUp(StepAllocation.Model model) throws IOException, InterruptedException {
        AllocationProbe.Outcome outcome = AllocationProbe.process(StepAllocation.class, model.name());
        assertThat(outcome.status()).as(outcome.output()).isZero();
    }
}
