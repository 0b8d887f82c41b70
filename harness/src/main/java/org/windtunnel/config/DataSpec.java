package org.windtunnel.config;

import java.util.List;

/**
 * Where tokens or images come from. Relative paths start at the working directory; globs ({@code *}, {@code **}, {@code ?},
 * {@code [ab]}, {@code {a,b}}) are allowed.
 */
public sealed interface DataSpec
        permits DataSpec.MavenSources, DataSpec.Text, DataSpec.Shards, DataSpec.Markov,
                DataSpec.Dl4j, ImageSpec.Cifar10, ImageSpec.Cifar100, ImageSpec.Idx, ImageSpec.Shapes {

    /** Java sources of Apache-2.0 libraries, fetched by the build from Maven Central. */
    @Variant(
            value = "maven_sources",
            doc = "Java source text of Apache-2.0 libraries that the build fetches from Maven Central, hash checked")
    record MavenSources(
            @Key(
                    value = "Size of the text, cut from the front of the assembled corpus",
                    def = "4000000",
                    unit = "bytes")
                    long bytes,
            @Key(value = "bytes (vocabulary 256) or gpt2 (BPE, vocabulary 50257)", def = "bytes") Tokenizer tokenizer,
            @Key(value = "Fraction at the end that is held out for validation", def = "0.1") double validationFraction)
            implements DataSpec {}

    /** Text files of the user's own. */
    @Variant(value = "text", doc = "Text files of your own: plain, .gz or .xz")
    record Text(
            @Key("Files of training text; globs allowed, read in the order given, each glob sorted by path")
                    List<String> train,
            @Key(
                    value = "Files of validation text; none: hold out validation_fraction of the training text",
                    def = "[]")
                    List<String> validation,
            @Key(
                    value = "Fraction at the end of the training text that is held out when validation is empty",
                    def = "0.1")
                    double validationFraction,
            @Key(
                    value = "bytes (vocabulary 256, takes any bytes) or gpt2 (BPE, vocabulary 50257, takes UTF-8)",
                    def = "bytes")
                    Tokenizer tokenizer)
            implements DataSpec {}

    /** Files of token ids. */
    @Variant(value = "shards", doc = "Token shards: nanoGPT's raw uint16 files, llm.c's files with a header")
    record Shards(
            @Key(
                    "Training shards; globs allowed, read in the order given, each glob sorted by path")
                    List<String> train,
            @Key(value = "Validation shards; none: hold out validation_fraction of the training tokens", def = "[]")
                    List<String> validation,
            @Key(
                    value = "Fraction at the end of the training tokens that is held out when validation is empty",
                    def = "0.1")
                    double validationFraction,
            @Key(value = "Vocabulary size; every id must be below it", def = "50257") int vocab,
            @Key(
                    value = "nanogpt (raw uint16), llmc (256-int header) or auto (llmc where its magic is found)",
                    def = "auto")
                    ShardFormat format)
            implements DataSpec {}

    /** A synthetic source whose entropy rate is known exactly. */
    @Variant(
            value = "markov",
            doc = "Zipf-weighted Markov chain: endless fresh tokens whose entropy rate is known in closed form")
    record Markov(
            @Key(value = "Vocabulary size", def = "128") int vocab,
            @Key(value = "Tokens of the past that the next one depends on, 1 to 3", def = "1") int order,
            @Key(value = "Exponent of the next token's Zipf law; larger is more predictable", def = "1.2") double zipf,
            @Key(value = "How much the ranking of next tokens follows the past: 0 not at all, 1 entirely", def = "1.0")
                    double stateWeight,
            @Key(
                    value = "Decay of the singular values of the dependence on the past; 0 is flat, larger is easier",
                    def = "0.5")
                    double spectrum,
            @Key(value = "Training tokens before they repeat; none: endless", def = Key.NONE, unit = "tokens")
                    Long trainTokens,
            @Key(value = "Validation tokens", def = "1048576", unit = "tokens") long validationTokens,
            @Key(value = "Seed of the chain and its tokens, apart from the run's seed", def = "1") long seed)
            implements DataSpec {}

    /** Data sets of Deeplearning4j, kept in memory. */
    @Variant(value = "dl4j", doc = "Deeplearning4j: files that DataSet.save wrote, or DataSetIterators of your own")
    record Dl4j(
            @Key(value = "Files with training examples; globs allowed", def = "[]") List<String> train,
            @Key(value = "Files with validation examples", def = "[]") List<String> validation,
            @Key(
                    value = "Instead of files: class of a DataSetIterator with a constructor without arguments, on the class "
                            + "path (WINDTUNNEL_CLASSPATH)",
                    def = Key.NONE)
                    String trainIterator,
            @Key(value = "The same for validation", def = Key.NONE) String validationIterator)
            implements DataSpec {}

    /** How text becomes token ids. */
    enum Tokenizer {
        BYTES,
        GPT2
    }

    /** Layouts of token shards. */
    enum ShardFormat {
        AUTO,
        NANOGPT,
        LLMC
    }
}
