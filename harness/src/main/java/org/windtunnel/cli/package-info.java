/** The command line: one class a command, exit codes, and what the terminal shows. */
package org.windtunnel.cli;
