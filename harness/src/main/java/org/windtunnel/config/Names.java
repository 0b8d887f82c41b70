package org.windtunnel.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/** Names of keys and values: the one naming strategy, and the nearest known name to a misspelt one. */
final class Names {
    private static final int MAX_COMPARED = 80;

    private Names() {}

    /** {@code evalEvery} is {@code eval_every}, {@code zLoss} is {@code z_loss}. */
    static String snake(String component) {
        StringBuilder name = new StringBuilder();
        for (char c : component.toCharArray()) {
            if (Character.isUpperCase(c)) {
                name.append('_').append(Character.toLowerCase(c));
            } else {
                name.append(c);
            }
        }
        return name.toString();
    }

    /** {@code GELU_TANH} is {@code gelu_tanh}. */
    static String of(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    static List<String> of(Class<?> enumType) {
        List<String> names = new ArrayList<>();
        for (Object constant : enumType.getEnumConstants()) {
            names.add(of((Enum<?>) constant));
        }
        return names;
    }

    /** {@code "; did you mean X?"}, or nothing when no known name is near. */
    static String didYouMean(String found, Collection<String> known) {
        String nearest = nearest(found, known);
        return nearest == null ? "" : "; did you mean " + nearest + "?";
    }

    /** The known name at the smallest edit distance, or null when all are further than a third of its length. */
    static String nearest(String found, Collection<String> known) {
        if (found.length() > MAX_COMPARED) {
            return null;
        }
        String nearest = null;
        int best = Integer.MAX_VALUE;
        for (String name : known) {
            int distance = distance(found.toLowerCase(Locale.ROOT).replace('-', '_'), name);
            if (distance < best && distance <= Math.max(2, name.length() / 3) && distance < name.length()) {
                best = distance;
                nearest = name;
            }
        }
        return nearest;
    }

    /** Insertions, deletions, substitutions and swaps of neighbours that turn {@code a} into {@code b}. */
    private static int distance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                int substitution = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                d[i][j] = Math.min(d[i - 1][j - 1] + substitution, Math.min(d[i - 1][j], d[i][j - 1]) + 1);
                boolean swapped = i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
                if (swapped) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}
