package org.windtunnel.analysis.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.windtunnel.analysis.study.StudyResult;

/** A report as a test reads it. */
record Page(String html) {
    static Page of(StudyResult result) {
        return new Page(HtmlReport.html(result, Path.of(SampleStudy.DIRECTORY, "report.html")));
    }

    /** The page without what is inside script elements and comments. */
    String markup() {
        return html.replaceAll("(?s)<!--.*?-->", "").replaceAll("(?s)(<script[^>]*>).*?</script>", "$1");
    }

    boolean has(String chart) {
        return html.contains("<figure data-chart=\"" + chart + "\">");
    }

    JsonNode chart(String id) {
        Matcher matcher = Pattern.compile("(?s)<script type=\"application/json\" id=\"" + id + "\">(.*?)</script>")
                .matcher(html);
        assertThat(matcher.find()).as("chart %s is in the page", id).isTrue();
        try {
            return new ObjectMapper().readTree(matcher.group(1));
        } catch (JsonProcessingException e) {
            throw new AssertionError("chart " + id + " is not JSON", e);
        }
    }

    static List<JsonNode> rows(JsonNode data, String kind) {
        return StreamSupport.stream(data.path("values").spliterator(), false)
                .filter(row -> row.path("kind").asText().equals(kind))
                .toList();
    }
}
