package org.windtunnel.analysis.study;

import java.util.List;

/**
 * Where the runs of a study come from, as their manifests say.
 *
 * @param directory directory that holds the run directories, absolute; null for runs that have none (a table)
 * @param studied when the study was made, ISO 8601 in UTC to the second
 * @param data one short line a data source, such as {@code maven_sources, 4000000 bytes, vocabulary 256}
 * @param machines one short line a machine, such as {@code AMD EPYC 9374F, 2 cores, Linux, Java 17.0.15, OpenBLAS}
 * @param revisions git revisions of the program that trained the runs; empty where unknown
 */
public record StudyOrigin(
        String directory, String studied, List<String> data, List<String> machines, List<String> revisions) {}
