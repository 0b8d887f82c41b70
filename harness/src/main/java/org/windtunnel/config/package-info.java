/** The experiment file: records that are its schema, the strict loader, overrides and the printed reference. */
package org.windtunnel.config;
