package org.windtunnel.analysis.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** One place for a chart: the chart, or the reason why there is none. */
sealed interface Figure {

    /** Heading above it. */
    String title();

    /**
     * No chart.
     *
     * @param reason one sentence for the reader
     */
    record Gap(String title, String reason) implements Figure {}

    /**
     * A Vega-Lite chart.
     *
     * @param id of its JSON in the page
     * @param reading how to read it, one or two sentences
     * @param spec the specification with its data
     * @param controls choices the reader has
     * @param layout how its panels share the page
     */
    record Chart(String id, String title, String reading, ObjectNode spec, List<Control> controls, Layout layout)
            implements Figure {

        /** What the page's script needs. */
        ObjectNode json() {
            ObjectNode json = Specs.object();
            json.set("spec", spec);
            ArrayNode choices = json.putArray("controls");
            controls.forEach(c -> choices.add(c.json()));
            json.set("layout", layout.json());
            return json;
        }
    }

    /** A row of radio buttons; the first option is what {@code spec} already says. */
    record Control(String label, List<Option> options) {
        private ObjectNode json() {
            ObjectNode json = Specs.object();
            ArrayNode list = json.putArray("options");
            for (Option option : options) {
                ArrayNode sets = list.addObject().putArray("set");
                for (Setting setting : option.settings) {
                    ObjectNode one = sets.addObject();
                    one.put("path", setting.path);
                    one.set("value", setting.value);
                }
            }
            return json;
        }
    }

    /** One radio button and the values it puts into the specification. */
    record Option(String label, List<Setting> settings) {}

    /** A value at a dotted path of the specification. */
    record Setting(String path, JsonNode value) {}

    /**
     * How the width of the page is shared.
     *
     * @param panels dotted paths of the parts of the specification that have a width; empty text for the root
     * @param columns panels side by side on a wide page
     * @param margin pixels for axes and legends, once
     * @param spacing pixels beside each panel
     * @param columnsPath where the specification keeps its number of columns, or null
     */
    record Layout(List<String> panels, int columns, int margin, int spacing, String columnsPath) {
        private ObjectNode json() {
            ObjectNode json = Specs.object();
            json.set("panels", Specs.texts(panels));
            json.put("columns", columns);
            json.put("margin", margin);
            json.put("spacing", spacing);
            json.put("columnsPath", columnsPath);
            return json;
        }
    }
}
