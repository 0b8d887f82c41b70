package org.windtunnel.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.util.StringQuotingChecker;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Writes an experiment with every key, and says which run it is. */
public final class ConfigWriter {
    private static final int HASH_DIGITS = 8;
    private static final Set<String> INDECISIVE = Set.of("name", "runtime", "checkpoint", "diagnostics");
    private static final ObjectMapper YAML = new ObjectMapper(YAMLFactory.builder()
            .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
            .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
            .stringQuotingChecker(new AsciiOrQuoted())
            .build());
    private static final ObjectMapper JSON = new ObjectMapper();

    private ConfigWriter() {}

    /** Unquoted, YAML folds some characters beyond ASCII, such as U+0085, into blanks. */
    private static final class AsciiOrQuoted extends StringQuotingChecker.Default {
        private static final long serialVersionUID = 1L;

        @Override
        public boolean needToQuoteValue(String value) {
            return super.needToQuoteValue(value) || value.chars().anyMatch(c -> c < ' ' || c > '~');
        }
    }

    /** The experiment as nested maps, keys in the order of the reference. */
    public static Map<String, Object> tree(ExperimentSpec spec) {
        return Values.ofRecord(spec);
    }

    /** The experiment as YAML; {@link ConfigLoader#parse} reads it back to an equal record. */
    public static String yaml(ExperimentSpec spec) {
        try {
            return YAML.writeValueAsString(tree(spec));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The run's short name: the first eight hex digits of {@link #identity}. */
    public static String hash(ExperimentSpec spec) {
        return identity(spec).substring(0, HASH_DIGITS);
    }

    /**
     * The run's identity: SHA-256, in hex, of everything that decides its result. The name, the runtime (backend,
     * threads, precision), the keeping of checkpoints and the diagnostics are left out, and so are keys that a later
     * version added, while they have their defaults.
     */
    public static String identity(ExperimentSpec spec) {
        Map<String, Object> decisive = new LinkedHashMap<>(Values.identifying(spec));
        decisive.keySet().removeAll(INDECISIVE);
        try {
            byte[] canonical = JSON.writeValueAsString(decisive).getBytes(StandardCharsets.UTF_8);
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(canonical);
            return HexFormat.of().formatHex(digest);
        } catch (JsonProcessingException | NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
