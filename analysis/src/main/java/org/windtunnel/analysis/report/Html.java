package org.windtunnel.analysis.report;

/** The one place where text becomes markup. */
final class Html {
    private static final String[] GREEK = {
        "alpha", "α", "beta", "β", "gamma", "γ", "eta", "η", "lambda", "λ", "eps", "ε", "SUM", "Σ", "PROD", "Π"
    };

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

    /** A formula in plain text with exponents raised and Greek letters, such as {@code A N^-alpha}. */
    static String formula(String text) {
        String html = escape(text);
        for (int i = 0; i < GREEK.length; i += 2) {
            html = html.replaceAll("\\b" + GREEK[i] + "(?=\\b|[ND])", GREEK[i + 1]);
        }
        return html.replaceAll("\\^(-?)([\\p{L}\\d]+\\*?|\\([^()]*\\))", "<sup>$1$2</sup>")
                .replace("<sup>-", "<sup>−");
    }
}
