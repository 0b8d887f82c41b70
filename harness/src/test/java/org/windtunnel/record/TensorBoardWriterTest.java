package org.windtunnel.record;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Label;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Type;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads the event file back with protobuf's own parser against TensorBoard's message definitions. */
class TensorBoardWriterTest {
    @TempDir
    Path temp;

    @Test
    void aProtobufReaderSeesTheScalars() throws Exception {
        try (TensorBoardWriter writer = TensorBoardWriter.open(temp)) {
            writer.scalar("train/loss", 1, 5.5);
            writer.scalar("train/lr", 300_000_000_000L, 1e-3);
            writer.scalar("eval/loss", 129, Double.NaN);
        }
        Path file;
        try (var files = Files.list(temp)) {
            file = files.findFirst().orElseThrow();
        }
        assertThat(file.getFileName().toString()).startsWith("events.out.tfevents.");
        Descriptor event = eventDescriptor();
        List<DynamicMessage> events = new ArrayList<>();
        for (byte[] payload : records(Files.readAllBytes(file))) {
            DynamicMessage message = DynamicMessage.parseFrom(event, payload);
            assertThat(message.getUnknownFields().asMap()).isEmpty();
            events.add(message);
        }
        assertThat(events).hasSize(4);
        assertThat(get(events.get(0), "file_version")).isEqualTo("brain.Event:2");
        assertScalar(events.get(1), 1, "train/loss", 5.5f);
        assertScalar(events.get(2), 300_000_000_000L, "train/lr", 1e-3f);
        assertScalar(events.get(3), 129, "eval/loss", Float.NaN);
        assertThat((double) get(events.get(1), "wall_time")).isBetween(1.7e9, 1e11);
    }

    private static void assertScalar(DynamicMessage event, long step, String tag, float value) {
        assertThat(get(event, "step")).isEqualTo(step);
        DynamicMessage summary = (DynamicMessage) get(event, "summary");
        List<?> values = (List<?>) get(summary, "value");
        assertThat(values).hasSize(1);
        DynamicMessage v = (DynamicMessage) values.get(0);
        assertThat(get(v, "tag")).isEqualTo(tag);
        assertThat(get(v, "simple_value")).isEqualTo(value);
    }

    private static Object get(DynamicMessage message, String field) {
        return message.getField(message.getDescriptorForType().findFieldByName(field));
    }

    private static List<byte[]> records(byte[] file) {
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        List<byte[]> out = new ArrayList<>();
        while (in.hasRemaining()) {
            byte[] length = new byte[8];
            in.get(length);
            assertThat(in.getInt()).isEqualTo(masked(length));
            byte[] payload = new byte[(int) ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong()];
            in.get(payload);
            assertThat(in.getInt()).isEqualTo(masked(payload));
            out.add(payload);
        }
        return out;
    }

    private static int masked(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
    }

    private static Descriptor eventDescriptor() throws Exception {
        FileDescriptorProto proto = FileDescriptorProto.newBuilder()
                .setName("event.proto")
                .addMessageType(message("Value")
                        .addField(field("tag", 1, Type.TYPE_STRING))
                        .addField(field("simple_value", 2, Type.TYPE_FLOAT)))
                .addMessageType(message("Summary")
                        .addField(field("value", 1, Type.TYPE_MESSAGE)
                                .setTypeName(".Value")
                                .setLabel(Label.LABEL_REPEATED)))
                .addMessageType(message("Event")
                        .addField(field("wall_time", 1, Type.TYPE_DOUBLE))
                        .addField(field("step", 2, Type.TYPE_INT64))
                        .addField(field("file_version", 3, Type.TYPE_STRING))
                        .addField(field("summary", 5, Type.TYPE_MESSAGE).setTypeName(".Summary")))
                .build();
        return FileDescriptor.buildFrom(proto, new FileDescriptor[0]).findMessageTypeByName("Event");
    }

    private static DescriptorProto.Builder message(String name) {
        return DescriptorProto.newBuilder().setName(name);
    }

    private static FieldDescriptorProto.Builder field(String name, int number, Type type) {
        return FieldDescriptorProto.newBuilder()
                .setName(name)
                .setNumber(number)
                .setType(type)
                .setLabel(Label.LABEL_OPTIONAL);
    }
}
