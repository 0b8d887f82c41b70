package org.windtunnel.launch;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A scheduler that takes everything and does nothing. */
public final class NoEngine implements Engine {

    @Override
    public String name() {
        return "none";
    }

    @Override
    public String place() {
        return "here";
    }

    @Override
    public String submit(Submission submission) {
        return "taken";
    }

    @Override
    public Optional<Map<Submission, Job>> jobs(List<Submission> submissions) {
        return Optional.empty();
    }

    @Override
    public boolean cancel(Submission submission) {
        return true;
    }
}
