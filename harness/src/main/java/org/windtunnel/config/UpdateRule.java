package org.windtunnel.config;

/** How one parameter is updated; an optimizer assigns one to every parameter. */
public enum UpdateRule {
    /** Momentum SGD. */
    SGD,
    /** Adam with decoupled decay. */
    ADAMW,
    /** Momentum SGD with one frozen gain per tensor (arXiv 2412.11768). */
    SGD_SAI,
    /** Gradient scaled channel- or tensor-wise by Adam moments of a random projection (arXiv 2412.05270). */
    APOLLO,
    /** Orthogonalised momentum. */
    MUON,
    /** Muon's direction as a relative step on the sphere of the weights' Frobenius norm. */
    MUONH,
    /** Adam's direction as a relative step on the sphere of the weights' Frobenius norm. */
    ADAMH
}
