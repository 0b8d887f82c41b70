package org.windtunnel.config;

import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.reader.ReaderException;

/** Reads YAML into {@link ConfigNode}s: one document, no tags, no merge keys, no duplicate keys, bounded aliases. */
final class YamlReader {
    private static final int MAX_DEPTH = 40;
    private static final int MAX_NODES = 1_000_000;
    private static final int MAX_CHARACTERS = 16 << 20;
    private static final Set<Tag> TAGS = Set.of(
            Tag.STR, Tag.INT, Tag.FLOAT, Tag.BOOL, Tag.NULL, Tag.TIMESTAMP, Tag.MERGE, Tag.SEQ, Tag.MAP,
            new Tag(Tag.PREFIX + "value"));

    private final String source;
    private final boolean positions;
    private int nodes;

    private YamlReader(String source, boolean positions) {
        this.source = source;
        this.positions = positions;
    }

    /** The text of a UTF-8 file. @throws ConfigException if it cannot be read */
    static String text(Path file) {
        if (Files.isDirectory(file)) {
            throw new ConfigException(file + ": expected an experiment file, found a directory; name a file in it");
        }
        try {
            long size = Files.size(file);
            if (size > MAX_CHARACTERS) {
                throw new ConfigException(file + ": expected an experiment file of at most " + MAX_CHARACTERS
                        + " bytes, found " + size);
            }
            return decode(file.toString(), Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            throw new ConfigException(file + ": no such file", e);
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static String decode(String source, byte[] bytes) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(bytes.length + 1);
        CoderResult result = decoder.decode(in, out, true);
        String text = out.flip().toString();
        if (result.isError()) {
            throw new ConfigException(position(source, text, text.length()) + ": expected UTF-8 text, found byte 0x"
                    + String.format("%02x", bytes[in.position()] & 0xff) + "; save the file as UTF-8");
        }
        return text.startsWith("\uFEFF") ? text.substring(1) : text;
    }

    private static Origin position(String source, String text, int offset) {
        int line = 1;
        int column = 1;
        for (int i = 0; i < Math.min(offset, text.length()); i++) {
            if (text.charAt(i) == '\n') {
                line++;
                column = 1;
            } else {
                column++;
            }
        }
        return new Origin(source, line, column);
    }

    /** The one document in {@code text}, its nodes marked with line and column. */
    static ConfigNode read(String text, String source) {
        return new YamlReader(source, true).compose(text);
    }

    /** One value given outside a file: its nodes carry {@code source} alone. An empty text is null. */
    static ConfigNode value(String text, String source) {
        YamlReader reader = new YamlReader(source, false);
        return text.isBlank() ? new ConfigNode.Scalar(Origin.of(source), "", true) : reader.compose(text);
    }

    private ConfigNode compose(String text) {
        LoaderOptions options = new LoaderOptions();
        options.setNestingDepthLimit(MAX_DEPTH);
        options.setCodePointLimit(MAX_CHARACTERS);
        options.setMaxAliasesForCollections(Integer.MAX_VALUE);
        // Nothing is constructed from tags; convert() refuses them in words a user can act on.
        options.setTagInspector(tag -> true);
        try {
            Iterator<Node> documents = new Yaml(options).composeAll(new StringReader(text)).iterator();
            if (!documents.hasNext()) {
                throw error(origin(null), "expected an experiment, found an empty file");
            }
            ConfigNode root = convert(documents.next(), 0);
            if (documents.hasNext()) {
                throw error(origin(documents.next().getStartMark()),
                        "expected one YAML document, found a second one; remove the '---' line or split the file");
            }
            return root;
        } catch (MarkedYAMLException e) {
            throw error(origin(e.getProblemMark()), "not valid YAML: " + explain(e));
        } catch (ReaderException e) {
            throw error(positions ? position(source, text, e.getPosition()) : Origin.of(source),
                    String.format("not valid YAML: found the unprintable character U+%04X", e.getCodePoint()));
        } catch (YAMLException e) {
            throw error(origin(null), "not valid YAML: " + firstLine(e.getMessage()));
        }
    }

    private static String explain(MarkedYAMLException e) {
        String problem = firstLine(e.getProblem() == null ? e.getMessage() : e.getProblem());
        if (problem.contains("\\t") || problem.contains("TAB")) {
            return "found a tab; indent with spaces";
        }
        String context = e.getContext() == null ? "" : firstLine(e.getContext()) + ": ";
        return context + problem;
    }

    private static String firstLine(String message) {
        int end = message == null ? -1 : message.indexOf('\n');
        return end < 0 ? String.valueOf(message) : message.substring(0, end);
    }

    private Origin origin(Mark mark) {
        if (!positions) {
            return Origin.of(source);
        }
        return mark == null ? new Origin(source, 1, 1) : new Origin(source, mark.getLine() + 1, mark.getColumn() + 1);
    }

    private static ConfigException error(Origin origin, String message) {
        return new ConfigException(origin + ": " + message);
    }

    private ConfigNode convert(Node node, int depth) {
        Origin origin = origin(node.getStartMark());
        // Aliases share nodes, so a few lines can stand for billions of values, or for a value inside itself.
        if (depth > MAX_DEPTH) {
            throw error(origin, "expected at most " + MAX_DEPTH + " levels, found more; does an alias contain itself?");
        }
        if (++nodes > MAX_NODES) {
            throw error(origin, "expected at most " + MAX_NODES + " values, found more; are aliases multiplying?");
        }
        if (!TAGS.contains(node.getTag())) {
            throw error(origin, "tags such as " + node.getTag() + " are not supported; write the plain value");
        }
        if (node instanceof ScalarNode scalar) {
            boolean plain = scalar.getScalarStyle() == DumperOptions.ScalarStyle.PLAIN;
            return new ConfigNode.Scalar(origin, scalar.getValue(), plain);
        }
        if (node instanceof SequenceNode sequence) {
            List<ConfigNode> items = new ArrayList<>();
            for (Node item : sequence.getValue()) {
                items.add(convert(item, depth + 1));
            }
            return new ConfigNode.Sequence(origin, items);
        }
        return convertMapping((MappingNode) node, origin, depth);
    }

    private ConfigNode convertMapping(MappingNode node, Origin origin, int depth) {
        Map<String, ConfigNode.Entry> entries = new LinkedHashMap<>();
        for (NodeTuple tuple : node.getValue()) {
            Origin keyOrigin = origin(tuple.getKeyNode().getStartMark());
            if (!(tuple.getKeyNode() instanceof ScalarNode scalar) || scalar.getValue().isEmpty()) {
                throw error(keyOrigin, "expected a key, found "
                        + (tuple.getKeyNode() instanceof ScalarNode ? "nothing" : "a list or section"));
            }
            String key = scalar.getValue();
            if (Tag.MERGE.equals(scalar.getTag())) {
                throw error(keyOrigin, "merge keys (<<) are not supported; write the keys out");
            }
            ConfigNode.Entry first = entries.get(key);
            if (first != null) {
                throw error(keyOrigin, key + ": duplicate key, first given at " + first.keyOrigin()
                        + "; keep one of the two");
            }
            entries.put(key, new ConfigNode.Entry(keyOrigin, convert(tuple.getValueNode(), depth + 1)));
        }
        return new ConfigNode.Mapping(origin, entries);
    }
}
