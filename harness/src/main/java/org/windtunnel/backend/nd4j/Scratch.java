package org.windtunnel.backend.nd4j;

import java.util.concurrent.atomic.AtomicLong;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.conf.WorkspaceConfiguration;
import org.nd4j.linalg.api.memory.enums.AllocationPolicy;
import org.nd4j.linalg.api.memory.enums.LearningPolicy;
import org.nd4j.linalg.api.memory.enums.ResetPolicy;
import org.nd4j.linalg.api.memory.enums.SpillPolicy;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Memory of the temporaries of one kernel call.
 *
 * <p>ND4J frees a detached array only when the garbage collector finds it, and most operations make small ones of their
 * own (scalars, axis lists). Inside {@link #run} every allocation is a bump of one arena, which grows to the largest
 * kernel seen and is reset when that kernel returns. Arrays made inside must not be kept.
 */
final class Scratch implements AutoCloseable {
    private static final AtomicLong COUNT = new AtomicLong();

    private final String id = "windtunnel-" + COUNT.incrementAndGet();
    private final WorkspaceConfiguration configuration = WorkspaceConfiguration.builder()
            .initialSize(0)
            .policyAllocation(AllocationPolicy.STRICT)
            .policyLearning(LearningPolicy.FIRST_LOOP)
            .policyReset(ResetPolicy.BLOCK_LEFT)
            .policySpill(SpillPolicy.REALLOCATE)
            .build();
    private boolean open;

    /** Runs one kernel; a kernel run within it shares its memory. */
    void run(Runnable kernel) {
        if (open) {
            kernel.run();
            return;
        }
        MemoryWorkspace workspace = Nd4j.getWorkspaceManager().getAndActivateWorkspace(configuration, id);
        open = true;
        try {
            kernel.run();
        } finally {
            open = false;
            workspace.close();
        }
    }

    /** Frees the scratch of the calling thread. */
    @Override
    public void close() {
        if (Nd4j.getWorkspaceManager().checkIfWorkspaceExists(id)) {
            Nd4j.getWorkspaceManager()
                    .destroyWorkspace(Nd4j.getWorkspaceManager().getWorkspaceForCurrentThread(configuration, id));
        }
    }
}
