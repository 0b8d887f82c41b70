package org.windtunnel.faults;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;
import java.util.Random;

/** Damage as disks, networks and people do it. */
public final class Mutations {
    private static final byte[] ODD = {0, 1, -1, 127, -128, '"', '{', '}', '[', ']', ',', ':', '-', '9', '\n', ' '};

    private Mutations() {}

    /** How many damaged inputs a test tries: few in the suite, 100,000 with {@code -Pfaults}. */
    public static int inputs() {
        return Integer.getInteger("windtunnel.test.inputs", 2000);
    }

    /** How many processes a test kills: few in the suite, 200 with {@code -Pfaults}. */
    public static int kills() {
        return Integer.getInteger("windtunnel.test.kills", 3);
    }

    /** A copy with one to four things wrong; never equal to the original. */
    public static byte[] damage(byte[] original, Random random) {
        byte[] bytes = original;
        for (int n = 1 + random.nextInt(8) / 5; n > 0 || Arrays.equals(bytes, original); n--) {
            bytes = once(bytes, random);
        }
        return bytes;
    }

    private static byte[] once(byte[] bytes, Random random) {
        if (bytes.length == 0) {
            return new byte[] {ODD[random.nextInt(ODD.length)]};
        }
        int at = random.nextInt(bytes.length);
        switch (random.nextInt(7)) {
            case 0:
                return Arrays.copyOf(bytes, at);
            case 1: {
                byte[] flipped = bytes.clone();
                flipped[at] ^= (byte) (1 << random.nextInt(8));
                return flipped;
            }
            case 2: {
                byte[] odd = bytes.clone();
                odd[at] = ODD[random.nextInt(ODD.length)];
                return odd;
            }
            case 3: {
                // A block that was never written.
                byte[] holed = bytes.clone();
                Arrays.fill(holed, at, Math.min(bytes.length, at + 1 + random.nextInt(64)), (byte) 0);
                return holed;
            }
            case 4:
                return splice(bytes, at, Math.min(bytes.length, at + 1 + random.nextInt(8)), new byte[0]);
            case 5: {
                byte[] more = new byte[1 + random.nextInt(16)];
                random.nextBytes(more);
                return splice(bytes, at, at, more);
            }
            default: {
                // A number, where there is one, that is larger than anyone expects.
                byte[] digits = bytes.clone();
                for (int i = at; i < digits.length && i < at + 40; i++) {
                    if (digits[i] >= '0' && digits[i] <= '9') {
                        return splice(digits, i, i + 1, Long.toString(random.nextLong() >>> random.nextInt(64)).getBytes(US_ASCII));
                    }
                }
                return splice(bytes, at, at, new byte[] {digits[at]});
            }
        }
    }

    private static byte[] splice(byte[] bytes, int from, int to, byte[] with) {
        byte[] out = new byte[bytes.length - (to - from) + with.length];
        System.arraycopy(bytes, 0, out, 0, from);
        System.arraycopy(with, 0, out, from, with.length);
        System.arraycopy(bytes, to, out, from + with.length, bytes.length - to);
        return out;
    }
}
