// A stand-in for NVRTC. Everything compiles to its own text.
#include <cstdlib>
#include <cstring>

extern "C" {

int nvrtcVersion(int* major, int* minor) {
    *major = 13;
    *minor = 0;
    return 0;
}

int nvrtcGetNumSupportedArchs(int* count) {
    *count = 1;
    return 0;
}

int nvrtcGetSupportedArchs(int* architectures) {
    *architectures = 90;
    return 0;
}

int nvrtcCreateProgram(void** program, const char* text, const char*, int, const char* const*, const char* const*) {
    *program = strdup(text);
    return 0;
}

int nvrtcDestroyProgram(void** program) {
    free(*program);
    return 0;
}

int nvrtcCompileProgram(void*, int, const char* const*) {
    return 0;
}

int nvrtcGetCUBINSize(void* program, std::size_t* bytes) {
    *bytes = strlen((char*)program) + 1;
    return 0;
}

int nvrtcGetCUBIN(void* program, char* code) {
    strcpy(code, (char*)program);
    return 0;
}

}  // extern "C"
