package org.windtunnel.cli;

import java.util.Map;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.backend.OutOfMemory;
import org.windtunnel.backend.cuda.DeviceException;
import org.windtunnel.config.ConfigException;
import org.windtunnel.record.RunDirectoryException;
import org.windtunnel.record.RunStatus;

/** Exit codes of every command; scripts and schedulers rely on them. */
public enum ExitCode {
    DONE(0),
    /** A check failed ({@code verify}), a run of a sweep failed, or a GPU did; also a defect of the program. */
    FAILED(1),
    /** Bad config, bad input, bad usage. */
    BAD_INPUT(2),
    DIVERGED(3),
    OUT_OF_MEMORY(4),
    /** The run directory cannot be written. */
    CANNOT_WRITE(5),
    /** The run belongs to another process. */
    OWNED(6),
    /** Ended early and resumable, as EX_TEMPFAIL. */
    PREEMPTED(75);

    private final int code;

    ExitCode(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }

    static ExitCode of(RunStatus status) {
        return switch (status) {
            case DONE -> DONE;
            case DIVERGED -> DIVERGED;
            case FAILED -> FAILED;
            case PREEMPTED -> PREEMPTED;
        };
    }

    /** The code of runs that were to be done. @param ended how many have ended how @param total all of them */
    static ExitCode of(Map<RunStatus, Integer> ended, int total) {
        if (ended.getOrDefault(RunStatus.FAILED, 0) > 0) {
            return FAILED;
        }
        int decided = ended.getOrDefault(RunStatus.DONE, 0) + ended.getOrDefault(RunStatus.DIVERGED, 0);
        return decided == total ? DONE : PREEMPTED;
    }

    /** The code of an error whose message is written for the user; null for a defect of the program. */
    static ExitCode of(Throwable error) {
        if (error instanceof ConfigException || error instanceof AnalysisException) {
            return BAD_INPUT;
        }
        if (error instanceof OutOfMemory || error instanceof OutOfMemoryError) {
            return OUT_OF_MEMORY;
        }
        if (error instanceof DeviceException) {
            return FAILED;
        }
        if (error instanceof RunDirectoryException e) {
            return e.kind() == RunDirectoryException.Kind.OWNED ? OWNED : CANNOT_WRITE;
        }
        return null;
    }
}
