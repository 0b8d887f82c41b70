/** Sweeps as Indexed Jobs of Kubernetes. */
package org.windtunnel.launch.kubernetes;
