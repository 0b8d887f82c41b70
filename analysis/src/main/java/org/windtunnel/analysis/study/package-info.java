/**
 * Everything one sweep says, as plain records: {@code Study.run} makes a {@link
 * org.windtunnel.analysis.study.StudyResult} that the verdict prints, the report draws and {@code study.json} keeps.
 */
package org.windtunnel.analysis.study;
