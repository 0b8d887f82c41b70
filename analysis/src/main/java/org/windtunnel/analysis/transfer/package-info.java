/** Learning-rate optimum per width with an interval, its drift over width, and what a transferred rate costs. */
package org.windtunnel.analysis.transfer;
