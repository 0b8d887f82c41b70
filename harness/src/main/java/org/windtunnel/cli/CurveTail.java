package org.windtunnel.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where a run is, from the end of its curve: a sweep of thousands of runs is not read whole for that. */
final class CurveTail {
    private static final int TAIL = 4096;
    private static final Pattern STEP = Pattern.compile("^\\{\"step\":(\\d{1,18}),.*\\}$");

    private CurveTail() {}

    /** Step of the last whole line; empty if there is none. */
    static OptionalLong lastStep(Path curve) {
        try (FileChannel channel = FileChannel.open(curve)) {
            ByteBuffer tail = ByteBuffer.allocate((int) Math.min(TAIL, channel.size()));
            channel.read(tail, channel.size() - tail.capacity());
            String text = new String(tail.array(), 0, tail.position(), StandardCharsets.UTF_8);
            String[] lines = text.substring(0, text.lastIndexOf('\n') + 1).split("\n");
            Matcher last = STEP.matcher(lines[lines.length - 1]);
            return last.matches() ? OptionalLong.of(Long.parseLong(last.group(1))) : OptionalLong.empty();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }
}
