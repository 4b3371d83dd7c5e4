// emit.c: output files: text, bitcode, assembly, objects.
//
// Everything is made in memory and written beside its place, then renamed, so that a failure leaves
// what was there before. Places that are no regular files (/dev/null, a pipe) are written directly.

#include "backend.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <llvm-c/BitWriter.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool report(Backend *b, const char *path, int error) {
    diag_report(b->c, DIAG_E0601, (Span){0, 0}, path, strerror(error));
    return false;
}

// 0, or the error's number.
static int write_all(int fd, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

bool emit_is_special(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

void lowering_half_written(const char *output, char *path, size_t size) {
    char *whole = realpath(output, NULL); // so that a symbolic link stays one
    snprintf(path, size, "%s.flapc-%ld", whole ? whole : output, (long)getpid());
    free(whole);
}

bool emit_finish(Backend *b, const char *half, const char *path) {
    char *whole = realpath(path, NULL);
    int error = rename(half, whole ? whole : path) == 0 ? 0 : errno;
    free(whole);
    if (!error) return true;
    unlink(half);
    return report(b, path, error);
}

static bool write_special(Backend *b, const char *path, const void *bytes, size_t size) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return report(b, path, errno);
    int error = write_all(fd, bytes, size);
    if (close(fd) != 0 && !error) error = errno;
    return error ? report(b, path, error) : true;
}

bool emit_bytes(Backend *b, const char *path, const void *bytes, size_t size) {
    if (strcmp(path, "-") == 0) {
        int error = write_all(STDOUT_FILENO, bytes, size);
        return error ? report(b, "standard output", error) : true;
    }
    if (emit_is_special(path)) return write_special(b, path, bytes, size);
    char half[PATH_MAX + 32];
    lowering_half_written(path, half, sizeof half);
    int fd = open(half, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return report(b, path, errno);
    int error = write_all(fd, bytes, size);
    if (close(fd) != 0 && !error) error = errno;
    if (error) {
        unlink(half);
        return report(b, path, error);
    }
    return emit_finish(b, half, path);
}

LLVMMemoryBufferRef emit_code(Backend *b, LLVMCodeGenFileType type) {
    LLVMMemoryBufferRef buffer = NULL;
    char *message = NULL;
    if (type == LLVMAssemblyFile) LLVMSetTargetMachineAsmVerbosity(b->machine, true);
    bool failed =
        LLVMTargetMachineEmitToMemoryBuffer(b->machine, b->module, type, &message, &buffer);
    if (failed) {
        diag_report(b->c, DIAG_E0606, (Span){0, 0}, message);
        LLVMDisposeMessage(message);
        return NULL;
    }
    if (!b->failed) return buffer;
    LLVMDisposeMemoryBuffer(buffer);
    return NULL;
}

static bool emit_text(Backend *b) {
    char *text = LLVMPrintModuleToString(b->module);
    bool good = emit_bytes(b, b->options->output, text, strlen(text));
    LLVMDisposeMessage(text);
    return good;
}

static bool emit_buffer(Backend *b, LLVMMemoryBufferRef buffer) {
    if (!buffer) return false;
    bool good =
        emit_bytes(b, b->options->output, LLVMGetBufferStart(buffer), LLVMGetBufferSize(buffer));
    LLVMDisposeMemoryBuffer(buffer);
    return good;
}

bool emit_module(Backend *b) {
    switch (b->options->emit) {
    case EMIT_LLVM:
    case EMIT_LLVM_UNOPT: return emit_text(b);
    case EMIT_BC: return emit_buffer(b, LLVMWriteBitcodeToMemoryBuffer(b->module));
    case EMIT_ASM: return emit_buffer(b, emit_code(b, LLVMAssemblyFile));
    case EMIT_OBJ: return emit_buffer(b, emit_code(b, LLVMObjectFile));
    case EMIT_EXE: break;
    }
    UNREACHABLE("an executable is linked, not emitted");
}
