package org.windtunnel.config;

import java.util.List;
import java.util.stream.Stream;

/** When a run saves its state and what is kept. It changes nothing that a run computes and is left out of its id. */
public record CheckpointSpec(
        @Key(value = "Steps between checkpoints; 0: not by steps", def = "0", unit = "steps") @Range(min = 0) long every,
        @Key(value = "Seconds between checkpoints; 0: not by time", def = "60", unit = "s") @Range(min = 0)
                double everySeconds,
        @Key(value = "Newest checkpoints kept", def = "2") @Range(min = 1) int keepLast,
        @Key(value = "Every multiple of this many steps is saved and kept for good; 0: none", def = "0", unit = "steps")
                @Range(min = 0) long keepEvery,
        @Key(value = "Steps that are saved and kept for good, such as those where branches start", def = "[]",
                        unit = "steps")
                @Range(min = 1) List<Long> keepAt,
        @Key(value = "Save and keep the state of the best evaluation", def = "false") boolean keepBest,
        @Key(value = "Save the state at the end of the run", def = "false") boolean atEnd) {

    public CheckpointSpec {
        keepAt = List.copyOf(keepAt);
    }

    /** The same with further steps that are saved and kept for good. */
    CheckpointSpec keepingAt(List<Long> steps) {
        List<Long> all = Stream.concat(keepAt.stream(), steps.stream()).distinct().sorted().toList();
        return new CheckpointSpec(every, everySeconds, keepLast, keepEvery, all, keepBest, atEnd);
    }

    /** Whether the state after {@code step} finished steps is kept for good. */
    public boolean keepsForGood(long step) {
        return keepEvery > 0 && step % keepEvery == 0 || keepAt.contains(step);
    }

    /** Whether the number of finished steps alone asks for a checkpoint. */
    public boolean isDue(long step) {
        return every > 0 && step % every == 0 || keepsForGood(step);
    }
}
