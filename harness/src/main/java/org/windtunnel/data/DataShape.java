package org.windtunnel.data;

/** What one example of a data set looks like to a model. */
public sealed interface DataShape {

    /**
     * Sequences of token ids, each predicting the next.
     *
     * @param vocab token ids V
     */
    record Tokens(int vocab) implements DataShape {
        @Override
        public String toString() {
            return "tokens of a vocabulary of " + vocab;
        }
    }

    /**
     * Images [channels, height, width], each of one class.
     *
     * @param classes number of classes
     */
    record Images(int channels, int height, int width, int classes) implements DataShape {
        @Override
        public String toString() {
            return String.format("images of %d x %d x %d in %d classes", channels, height, width, classes);
        }
    }
}
