package org.windtunnel.nn;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import org.windtunnel.backend.Backend;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/**
 * A backend whose tensors are fp32, with numbers rounded to bf16 where a model that keeps operands in bf16 keeps those
 * beside activations: what goes in and, with a bias added, stays for the backward pass, and the gradient of what comes
 * out.
 */
final class RoundsBesideActivations {
    private RoundsBesideActivations() {}

    static Backend of(Backend backend) {
        return (Backend) Proxy.newProxyInstance(
                Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, (proxy, method, arguments) -> {
                    Tensor kept = null;
                    switch (method.getName()) {
                        case "activationForward" -> round(kept = (Tensor) arguments[1]);
                        case "activationBackward" -> round((Tensor) arguments[2]);
                        case "swigluForward" -> round((Tensor) arguments[0]);
                        case "swigluBackward" -> round((Tensor) arguments[1]);
                        default -> { }
                    }
                    try {
                        Object result = method.invoke(backend, arguments);
                        if (kept != null) {
                            round(kept);
                        }
                        return result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    static void round(Tensor x) {
        float[] values = x.toFloats();
        for (int i = 0; i < values.length; i++) {
            values[i] = DType.ofBfloat16(DType.toBfloat16(values[i]));
        }
        x.set(values);
    }
}
