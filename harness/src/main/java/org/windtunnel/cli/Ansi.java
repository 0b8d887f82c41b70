package org.windtunnel.cli;

/** Colours of a terminal; none elsewhere, nor where {@code NO_COLOR} is set. */
enum Ansi {
    BOLD(1),
    DIM(2),
    RED(31),
    GREEN(32),
    YELLOW(33),
    BLUE(34),
    MAGENTA(35),
    CYAN(36);

    private static final boolean WANTED = System.getenv("NO_COLOR") == null && Terminal.isInteractive();

    private final int code;

    Ansi(int code) {
        this.code = code;
    }

    String of(String text) {
        return WANTED && !text.isEmpty() ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }

    /** Cut to so many characters on the screen; escape sequences take none, and the last one cut resets. */
    static String cut(String text, int width) {
        StringBuilder out = new StringBuilder();
        int shown = 0;
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) == '\u001b') {
                int end = text.indexOf('m', i);
                out.append(text, i, end + 1);
                i = end;
            } else if (shown < width) {
                out.append(text.charAt(i));
                shown++;
            }
        }
        return out.toString();
    }
}
