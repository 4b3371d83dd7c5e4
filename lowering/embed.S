// The runtime inside flapc: its archives, which executables are linked with, and the bitcode of its
// small functions for each target. The build passes the folder where they are with -Wa,-I.

    .section .rodata.flap_embedded, "a", %progbits

.macro EMBED name, file
    .globl \name\()_begin
    .globl \name\()_end
    .hidden \name\()_begin
    .hidden \name\()_end
    .balign 16
\name\()_begin:
    .incbin "\file"
\name\()_end:
    .byte 0
.endm

    EMBED embed_rt_x86_64, librt_x86_64.a
    EMBED embed_rt_aarch64, librt_aarch64.a
    EMBED embed_rt_riscv64, librt_riscv64.a
    EMBED embed_hosted_x86_64, librt_hosted_x86_64.a
    EMBED embed_hosted_aarch64, librt_hosted_aarch64.a
    EMBED embed_hosted_riscv64, librt_hosted_riscv64.a
    EMBED embed_ffi_x86_64, ffi_x86_64.a
    EMBED embed_ffi_aarch64, ffi_aarch64.a
    EMBED embed_ffi_riscv64, ffi_riscv64.a
    EMBED embed_inline_x86_64, rt_inline_x86_64.bc
    EMBED embed_inline_aarch64, rt_inline_aarch64.bc
    EMBED embed_inline_riscv64, rt_inline_riscv64.bc

    .section .note.GNU-stack, "", %progbits
