package org.windtunnel.train;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.windtunnel.checkpoint.Checkpoint;
import org.windtunnel.checkpoint.Checkpoints;
import org.windtunnel.checkpoint.Sha256;
import org.windtunnel.config.ConfigException;
import org.windtunnel.data.Provenance;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.record.RunStatus;

/** Decides what a run goes on from: its own newest good checkpoint, its trunk's, or nothing. */
final class Resumption {
    private static final Logger LOG = LoggerFactory.getLogger(Resumption.class);

    private final RunJob job;
    private final RunDirectory run;
    private final Checkpoints checkpoints;

    Resumption(RunJob job, RunDirectory run) {
        this.job = job;
        this.run = run;
        this.checkpoints = new Checkpoints(run.path());
    }

    /** What identifies the bytes that a run is made from, wherever its files lie. @param files beside the corpus */
    static String fingerprint(Provenance provenance, List<InputFile> files) {
        return Sha256.of(provenance.source() + provenance.items().stream()
                .map(item -> "\n" + item.bytes() + " " + item.sha256())
                .collect(Collectors.joining()) + files.stream()
                .map(file -> "\n" + file.key() + " " + file.sha256())
                .collect(Collectors.joining()));
    }

    /** Removes what earlier attempts left, unless there is something to go on from. */
    void prepare() {
        Optional<RunStatus> ended = run.status();
        boolean anew = ended.isPresent() && (ended.get() == RunStatus.DONE || ended.get() == RunStatus.DIVERGED);
        if (anew || checkpoints.list().isEmpty()) {
            run.clear();
        }
    }

    /**
     * The checkpoint to go on from, with the logs cut back to it; null if there is none, and then the directory is
     * cleared.
     *
     * @param data fingerprint of the corpus
     * @throws ConfigException if what is there was computed from another experiment or other data
     */
    Checkpoint find(String data) {
        Checkpoints.Search search = checkpoints.newest(checkpoint -> {
            requireSame(checkpoint, data);
            return run.damage(checkpoint.meta().logs());
        });
        Checkpoint found = search.checkpoint();
        boolean startsOver = found == null && !search.problems().isEmpty();
        if (found == null) {
            run.clear();
        } else {
            run.clearMarkers();
            run.rewind(found.meta().logs());
            checkpoints.removeAfter(found.meta().step());
        }
        search.problems().forEach(this::say);
        if (startsOver) {
            say("no checkpoint can be used; the run starts over");
        } else if (found != null) {
            say("going on from the checkpoint of step " + found.meta().step());
        }
        return found;
    }

    /** The trunk's checkpoint that a branch starts from. */
    Checkpoint trunk(BranchPoint branch, String data) {
        Path parent = run.path().resolveSibling(branch.parent());
        Checkpoint checkpoint = new Checkpoints(parent).at(branch.step());
        if (!checkpoint.meta().identity().equals(branch.parentIdentity())) {
            throw new ConfigException(checkpoint.path() + " is of another experiment than the trunk this branch was made "
                    + "for; make the branch again");
        }
        requireSameData(checkpoint, data);
        say("branching from " + branch.parent() + " at step " + branch.step());
        return checkpoint;
    }

    private void say(String message) {
        LOG.warn("{}: {}", job.runId(), message);
        run.note(message);
    }

    private void requireSame(Checkpoint checkpoint, String data) {
        if (!checkpoint.meta().identity().equals(job.identity())) {
            throw new ConfigException(checkpoint.path() + " is of another experiment (" + checkpoint.meta().runId()
                    + "); move it away, or train this run anew with --again");
        }
        requireSameData(checkpoint, data);
    }

    private static void requireSameData(Checkpoint checkpoint, String data) {
        if (!checkpoint.meta().data().equals(data)) {
            throw new ConfigException(checkpoint.path() + " was trained on other data than data now gives; bring the "
                    + "files back as they were, or train the run anew with --again");
        }
    }
}
