/**
 * Labelled images: files of CIFAR and IDX, drawn shapes of known Bayes error, and the order, augmentation and
 * normalisation in which a run sees them.
 *
 * <p>Start at {@link org.windtunnel.data.image.ImageSets#open} and {@link org.windtunnel.data.image.ImageBatches}.
 */
package org.windtunnel.data.image;
