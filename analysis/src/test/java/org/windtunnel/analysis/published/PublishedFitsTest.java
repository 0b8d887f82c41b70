package org.windtunnel.analysis.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.Reference;

/** Every published fit that can be repeated, from the data beside the repository. */
class PublishedFitsTest {

    static List<String> folders() {
        return PublishedFits.folders();
    }

    @ParameterizedTest
    @MethodSource("folders")
    void comesOutAsPublished(String folder) {
        List<Comparison> comparisons =
                PublishedFits.check(Reference.law(folder + "/expected.json").getParent());
        assertThat(comparisons).isNotEmpty().allSatisfy(c -> assertThat(c.passed()).as("%s", c).isTrue());
    }

    @Test
    void unknownFoldersAreRefused() {
        assertThatThrownBy(() -> PublishedFits.check(Path.of("elsewhere")))
                .isInstanceOf(AnalysisException.class)
                .hasMessageContaining("chinchilla");
    }
}
