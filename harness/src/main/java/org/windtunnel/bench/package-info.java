/** Measures how fast the parts of a step are against what the machine can do. */
package org.windtunnel.bench;
