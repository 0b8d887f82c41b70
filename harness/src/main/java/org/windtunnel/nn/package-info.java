/** Model families: what parameters they declare, and their explicit forward and backward passes. */
package org.windtunnel.nn;
