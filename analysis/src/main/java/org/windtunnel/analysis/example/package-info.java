/** The module used as a library. */
package org.windtunnel.analysis.example;
