package org.windtunnel.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.config.ConfigException;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/**
 * The table of contents of a safetensors file: an unsigned 64-bit little-endian length, so many bytes of JSON from name
 * to {@code {dtype, shape, data_offsets}}, then the data without gaps.
 *
 * @param entries by name, in the order of their data
 * @param dataBytes length of the data
 * @param metadata what the file says of itself, text to text
 */
record SafetensorsHeader(Map<String, Entry> entries, long dataBytes, Map<String, String> metadata) {
    private static final ObjectMapper JSON = StrictJson.MAPPER;
    private static final int ALIGNMENT = 8;
    private static final int MAX_RANK = 16;
    private static final String METADATA = "__metadata__";
    /** Readers of Hugging Face's libraries ask which framework a file is for. */
    private static final Map<String, String> FRAMEWORK = Map.of("format", "pt");

    SafetensorsHeader {
        entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
        metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    }

    /** One tensor: its bytes are [begin, begin + bytes) of the data. */
    record Entry(StoredType type, int[] shape, long begin) {

        long bytes() {
            return Math.multiplyExact(Tensor.sizeOf(shape), (long) type.bytes());
        }
    }

    /** Where each tensor goes; wide types first, so that every element is aligned to its size. */
    static SafetensorsHeader of(Map<String, Tensor> tensors) {
        Map<String, TensorType> types = new LinkedHashMap<>();
        tensors.forEach((name, t) -> types.put(name, new TensorType(t.storage().dtype(), t.shape())));
        return of(types, false, Map.of());
    }

    /**
     * The same for tensors that are not there yet, with something to say about them.
     *
     * @param bf16 store numbers as BF16
     */
    static SafetensorsHeader of(Map<String, TensorType> tensors, boolean bf16, Map<String, String> metadata) {
        List<Map.Entry<String, TensorType>> ordered = new ArrayList<>(tensors.entrySet());
        ordered.sort(Comparator.comparingInt(e -> -e.getValue().dtype().bytes()));
        Map<String, Entry> entries = new LinkedHashMap<>();
        long at = 0;
        for (Map.Entry<String, TensorType> e : ordered) {
            boolean rounds = bf16 && e.getValue().dtype() != DType.INT32;
            StoredType type = rounds ? StoredType.BF16 : StoredType.of(e.getValue().dtype());
            Entry entry = new Entry(type, e.getValue().shape(), at);
            entries.put(e.getKey(), entry);
            at = Math.addExact(at, entry.bytes());
        }
        Map<String, String> all = new LinkedHashMap<>(FRAMEWORK);
        all.putAll(metadata);
        return new SafetensorsHeader(entries, at, all);
    }

    /** The bytes in front of the data. */
    byte[] encode() {
        ObjectNode root = JSON.createObjectNode();
        metadata.forEach(root.putObject(METADATA)::put);
        entries.forEach((name, entry) -> {
            ObjectNode node = root.putObject(name).put("dtype", entry.type.name());
            Arrays.stream(entry.shape).forEach(node.putArray("shape")::add);
            node.putArray("data_offsets").add(entry.begin).add(entry.begin + entry.bytes());
        });
        byte[] json = root.toString().getBytes(StandardCharsets.UTF_8);
        int padded = (json.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        ByteBuffer out = ByteBuffer.allocate(ALIGNMENT + padded).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(padded).put(json);
        Arrays.fill(out.array(), ALIGNMENT + json.length, out.capacity(), (byte) ' ');
        return out.array();
    }

    /**
     * @param dataBytes what the file holds behind the header
     * @throws ConfigException if it is no table of exactly these bytes, with what is wrong
     */
    static SafetensorsHeader parse(byte[] json, long dataBytes) {
        JsonNode root;
        try {
            root = JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new ConfigException("its header is not JSON (" + e.getOriginalMessage() + ")", e);
        } catch (IOException e) {
            throw new ConfigException("its header cannot be read (" + e.getMessage() + ")", e);
        }
        if (root == null || !root.isObject()) {
            throw new ConfigException("its header is no JSON object");
        }
        List<Map.Entry<String, Entry>> found = new ArrayList<>();
        Map<String, String> metadata = metadata(root.path(METADATA));
        root.fields().forEachRemaining(field -> {
            if (!field.getKey().equals(METADATA)) {
                found.add(Map.entry(field.getKey(), entry(field.getKey(), field.getValue())));
            }
        });
        found.sort(Comparator.comparingLong(e -> e.getValue().begin));
        Map<String, Entry> entries = new LinkedHashMap<>();
        long at = 0;
        for (Map.Entry<String, Entry> e : found) {
            if (e.getValue().begin != at) {
                throw new ConfigException("tensor " + e.getKey() + " starts at byte " + e.getValue().begin
                        + " of the data, expected " + at + " (no gaps, no overlaps)");
            }
            at += e.getValue().bytes();
            if (at > dataBytes) {
                throw new ConfigException("tensor " + e.getKey() + " ends at byte " + at + " of the data, found only "
                        + dataBytes + " bytes: the file is cut short");
            }
            entries.put(e.getKey(), e.getValue());
        }
        if (at != dataBytes) {
            throw new ConfigException("its tensors take " + at + " bytes, found " + dataBytes);
        }
        return new SafetensorsHeader(entries, dataBytes, metadata);
    }

    private static Map<String, String> metadata(JsonNode node) {
        Map<String, String> metadata = new LinkedHashMap<>();
        node.fields().forEachRemaining(field -> {
            if (!field.getValue().isTextual()) {
                throw new ConfigException("its metadata " + field.getKey() + " is no text");
            }
            metadata.put(field.getKey(), field.getValue().asText());
        });
        return metadata;
    }

    private static Entry entry(String name, JsonNode node) {
        JsonNode shape = node.path("shape");
        JsonNode offsets = node.path("data_offsets");
        if (!shape.isArray() || shape.size() > MAX_RANK || !offsets.isArray() || offsets.size() != 2
                || !offsets.get(0).canConvertToLong() || !offsets.get(1).canConvertToLong()) {
            throw new ConfigException("tensor " + name + " has no dtype, shape and data_offsets");
        }
        StoredType type = Arrays.stream(StoredType.values())
                .filter(d -> d.name().equals(node.path("dtype").asText()))
                .findFirst()
                .orElseThrow(() -> new ConfigException("tensor " + name + " is of type " + node.path("dtype").asText()
                        + "; expected F32, F64, BF16, F16 or I32"));
        int[] sizes = new int[shape.size()];
        long elements = 1;
        for (int i = 0; i < sizes.length; i++) {
            JsonNode size = shape.get(i);
            if (!size.isIntegralNumber() || !size.canConvertToInt() || size.asInt() < 0) {
                throw new ConfigException("tensor " + name + " has shape " + shape + "; expected sizes below 2^31");
            }
            sizes[i] = size.asInt();
            elements = sizes[i] != 0 && elements > Integer.MAX_VALUE / (long) sizes[i]
                    ? Long.MAX_VALUE
                    : elements * sizes[i];
            if (elements > Integer.MAX_VALUE) {
                throw new ConfigException("tensor " + name + " has shape " + shape + "; expected below 2^31 elements");
            }
        }
        Entry entry = new Entry(type, sizes, offsets.get(0).asLong());
        if (entry.begin < 0 || offsets.get(1).asLong() - entry.begin != entry.bytes()) {
            throw new ConfigException("tensor " + name + " of shape " + shape + " takes " + entry.bytes()
                    + " bytes, found data_offsets " + offsets);
        }
        return entry;
    }
}
