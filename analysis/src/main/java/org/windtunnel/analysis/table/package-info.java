/** Tables of measurements from other programs: CSV and JSONL. */
package org.windtunnel.analysis.table;
