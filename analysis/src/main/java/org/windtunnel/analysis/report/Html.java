package org.windtunnel.analysis.report;

/** The one place where text becomes markup. */
final class Html {
    private Html() {}

    /** Text as HTML, safe in element content and in quoted attributes. */
    static String escape(String text) {
        StringBuilder out = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> out.append(c);
            }
        }
        return out.toString();
    }

    /** {@code <tag class="cssClass">text</tag>} with the text escaped; no class attribute when cssClass is empty. */
    static String element(String tag, String cssClass, String text) {
        String attribute = cssClass.isEmpty() ? "" : " class=\"" + escape(cssClass) + "\"";
        return "<" + tag + attribute + ">" + escape(text) + "</" + tag + ">";
    }
}
