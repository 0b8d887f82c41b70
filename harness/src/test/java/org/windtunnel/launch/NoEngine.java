package org.windtunnel.launch;

import java.util.List;
import java.util.Map;
import org.windtunnel.config.ConfigException;

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
    public Map<Submission, Job> jobs(List<Submission> submissions) {
        throw new ConfigException("nobody to ask");
    }

    @Override
    public boolean cancel(Submission submission) {
        return true;
    }
}
