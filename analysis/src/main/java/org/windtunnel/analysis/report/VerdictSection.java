package org.windtunnel.analysis.report;

import static org.windtunnel.analysis.report.Html.element;
import static org.windtunnel.analysis.report.Html.escape;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.windtunnel.analysis.curve.RunStatus;
import org.windtunnel.analysis.fit.ParameterEstimate;
import org.windtunnel.analysis.study.LawStudy;
import org.windtunnel.analysis.study.StudyResult;
import org.windtunnel.analysis.study.Warning;
import org.windtunnel.analysis.transfer.Drift;
import org.windtunnel.analysis.transfer.LrBowl;
import org.windtunnel.analysis.transfer.TransferGroup;

/** What the sweep says, in sentences, and what to beware of. */
final class VerdictSection {
    private final StudyResult result;
    private final StringBuilder out = new StringBuilder();

    private VerdictSection(StudyResult result) {
        this.result = result;
    }

    static String html(StudyResult result) {
        return new VerdictSection(result).html();
    }

    private String html() {
        out.append("<section class=\"verdict\">").append(element("h2", "", "Verdict"));
        if (!result.runs().isEmpty() || result.law() == null) {
            runs();
        }
        result.transfer().forEach(this::transfer);
        if (result.law() != null) {
            law(result.law());
        }
        if (result.entropy() != null) {
            sentence(result.entropy().inside() ? "good" : "bad", result.entropy().sentence(), "");
        }
        if (!result.warnings().isEmpty()) {
            out.append("<ul class=\"warnings\">");
            result.warnings().forEach(this::warning);
            out.append("</ul>");
        }
        return out.append("</section>").toString();
    }

    private void runs() {
        long done = count(RunStatus.DONE);
        int all = result.runs().size();
        if (done == 0) {
            sentence("bad", all == 0 ? "There are no runs." : "None of the " + all + " runs has finished.",
                    "Charts and numbers below use what is there.");
            return;
        }
        List<String> others = new ArrayList<>();
        for (RunStatus status : RunStatus.values()) {
            long count = count(status);
            if (status != RunStatus.DONE && count > 0) {
                others.add(count + " " + status.name().toLowerCase(Locale.ROOT));
            }
        }
        String text = done + " of " + all + (all == 1 ? " run" : " runs") + " finished"
                + (others.isEmpty() ? "." : " (" + String.join(", ", others) + ").");
        sentence("", text, "");
    }

    private long count(RunStatus status) {
        return result.runs().stream().filter(r -> r.status() == status).count();
    }

    private void transfer(TransferGroup group) {
        Drift drift = group.drift();
        List<String> best = new ArrayList<>();
        for (LrBowl bowl : group.bowls()) {
            best.add(result.options().axis() + " " + Format.si(bowl.width()) + ": "
                    + (bowl.optimum() == null
                            ? "every run diverged"
                            : Format.rate(bowl.optimum().lr()) + " (" + LrChart.interval(bowl.optimum()) + ")"));
        }
        String detail = "Best learning rate, 95 % interval: " + String.join("; ", best) + ".";
        if (drift == null) {
            sentence(
                    "unsure",
                    "One " + result.options().axis() + " only under " + group.label() + ": transfer cannot be judged.",
                    detail);
            return;
        }
        if (drift.transferredLr() != null && drift.excess() != null) {
            detail += Double.isFinite(drift.excess())
                    ? String.format(
                            Locale.ROOT,
                            " The best rate of the smallest %s, %s, costs %.4f nats at the largest.",
                            result.options().axis(),
                            Format.rate(drift.transferredLr()),
                            drift.excess())
                    : " At the largest " + result.options().axis() + " the best rate of the smallest, "
                            + Format.rate(drift.transferredLr()) + ", diverges.";
        }
        String css = switch (drift.verdict()) {
            case TRANSFERS -> "good";
            case DRIFTS -> "bad";
            case UNDETERMINED -> "unsure";
        };
        sentence(css, drift.sentence(), detail);
    }

    private void law(LawStudy law) {
        List<String> values = new ArrayList<>();
        boolean identified = true;
        for (ParameterEstimate p : law.parameters()) {
            identified &= p.identified();
            values.add(p.name() + " = " + Format.parameter(p.value()) + " (" + Format.parameter(p.lo()) + " – "
                    + Format.parameter(p.hi()) + ")" + (p.identified() ? "" : ", not identified"));
        }
        String detail = String.join("; ", values) + ". Intervals: " + Format.percent(law.level()) + " of "
                + law.bootstrap() + " bootstrap resamples. Fitted to " + law.filter() + ".";
        sentence(
                identified && law.converged() ? "good" : "unsure",
                law.formula() + " fits " + law.points().size() + " points with a mean error of "
                        + Format.percent(law.errors().are())
                        + (law.converged() ? "" : ", but the fit did not converge"),
                detail);
        if (law.holdOut() != null) {
            sentence("", law.holdOut().sentence(), "Held out: " + law.holdOut().rule() + ".");
        }
    }

    private void sentence(String css, String text, String detail) {
        out.append("<p class=\"").append(("sentence " + css).strip()).append("\">").append(escape(capital(text)));
        if (!detail.isEmpty()) {
            out.append(element("span", "detail", detail));
        }
        out.append("</p>");
    }

    /** The study's phrases start in lower case; here each stands alone. */
    static String capital(String text) {
        if (text.isEmpty()) {
            return text;
        }
        String sentence = text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
        return sentence.endsWith(".") ? sentence : sentence + ".";
    }

    private void warning(Warning warning) {
        String subject = warning.subject() == null ? warning.topic() : warning.topic() + ", " + warning.subject();
        out.append("<li>").append(element("b", "", capital(subject).replaceAll("\\.$", ""))).append(": ")
                .append(escape(capital(warning.message())));
        if (warning.remedy() != null) {
            out.append(' ').append(escape(capital(warning.remedy())));
        }
        out.append("</li>");
    }
}
