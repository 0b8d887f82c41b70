/** The launchers by name. */
package org.windtunnel.launch.registry;
