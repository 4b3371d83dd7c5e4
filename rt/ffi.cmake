# ffi.cmake: libffi for the other processors, compiled from its source without its configure script: for
# Linux with a recent C library the answers are known.
set(FLAP_FFI_SOURCE "${CMAKE_BINARY_DIR}/libffi" CACHE PATH
    "libffi's source (tools/dev fetches it): C libraries in programs for the other processors")
file(GLOB rt_ffi_source CONFIGURE_DEPENDS ${FLAP_FFI_SOURCE}/include/ffi.h.in)
set(rt_ffi_processor_x86_64 x86/ffi64.c x86/ffiw64.c x86/unix64.S x86/win64.S)
set(rt_ffi_processor_aarch64 aarch64/ffi.c aarch64/sysv.S)
set(rt_ffi_processor_riscv64 riscv/ffi.c riscv/sysv.S)
set(rt_ffi_name_x86_64 X86_64)
set(rt_ffi_name_aarch64 AARCH64)
set(rt_ffi_name_riscv64 RISCV)

# rt_ffi_headers(FOLDER ARCH PROCESSOR): ffi.h, ffitarget.h and fficonfig.h.
function(rt_ffi_headers folder arch processor)
  file(STRINGS ${FLAP_FFI_SOURCE}/configure.ac VERSION REGEX "^AC_INIT" LIMIT_COUNT 1)
  set(TARGET ${rt_ffi_name_${arch}})
  set(HAVE_LONG_DOUBLE 1)
  set(HAVE_LONG_DOUBLE_VARIANT 0)
  set(FFI_EXEC_TRAMPOLINE_TABLE 0)
  configure_file(${FLAP_FFI_SOURCE}/include/ffi.h.in ${folder}/ffi.h @ONLY)
  configure_file(${FLAP_FFI_SOURCE}/src/${processor}/ffitarget.h ${folder}/ffitarget.h COPYONLY)
  file(READ ${FLAP_FFI_SOURCE}/fficonfig.h.in config)
  string(REGEX REPLACE "#undef [A-Z_0-9a-z]+" "" config "${config}")
  foreach(answer IN ITEMS ALLOCA_H AS_CFI_PSEUDO_OP AS_X86_64_UNWIND_SECTION_TYPE AS_X86_PCREL DLFCN_H
          HIDDEN_VISIBILITY_ATTRIBUTE INTTYPES_H LONG_DOUBLE MEMCPY MEMFD_CREATE MKOSTEMP MMAP MMAP_ANON
          MMAP_FILE RO_EH_FRAME STDINT_H STDIO_H STDLIB_H STRING_H SYS_MEMFD_H SYS_MMAN_H SYS_STAT_H UNISTD_H)
    string(PREPEND config "#define HAVE_${answer} 1\n")
  endforeach()
  string(PREPEND config "#define STDC_HEADERS 1\n#define SIZEOF_DOUBLE 8\n#define SIZEOF_LONG_DOUBLE 16\n"
         "#define SIZEOF_SIZE_T 8\n#define EH_FRAME_FLAGS \"a\"\n")
  file(CONFIGURE OUTPUT ${folder}/fficonfig.h CONTENT "${config}" @ONLY)
endfunction()

# rt_ffi_for_clang(RESULT FOLDER): sets RESULT to RISC-V's ffi.c as clang understands it. Between a float and
# the double that holds a register, it tells gcc with an empty asm statement to leave the bits alone; clang
# converts there.
function(rt_ffi_for_clang result folder)
  file(READ ${FLAP_FFI_SOURCE}/src/riscv/ffi.c text)
  string(REPLACE [[asm("" : "=f"(cb->aregs->fa[cb->used_float++]) : "0"(*(float *)data));]]
         [[memset(&cb->aregs->fa[cb->used_float], 0xFF, 8); memcpy(&cb->aregs->fa[cb->used_float++], data, 4);]]
         text "${text}")
  string(REPLACE [[asm("" : "=f"(*(float *)data) : "0"(cb->aregs->fa[cb->used_float++]));]]
         [[memcpy(data, &cb->aregs->fa[cb->used_float++], 4);]] text "${text}")
  file(CONFIGURE OUTPUT ${folder}/riscv_ffi.c CONTENT "#include <string.h>\n${text}" @ONLY)
  set(${result} ${folder}/riscv_ffi.c PARENT_SCOPE)
endfunction()

# rt_ffi_from_source(ARCH RESULT FLAGS...): sets RESULT to the objects; the headers go to rt_ffi_ARCH/.
function(rt_ffi_from_source arch result)
  set(folder ${CMAKE_BINARY_DIR}/rt_ffi_${arch})
  set(sources)
  foreach(name IN ITEMS prep_cif.c types.c raw_api.c java_raw_api.c closures.c tramp.c
          ${rt_ffi_processor_${arch}})
    set(source ${FLAP_FFI_SOURCE}/src/${name})
    if(name STREQUAL riscv/ffi.c)
      rt_ffi_for_clang(source ${folder})
    endif()
    list(APPEND sources ${source})
  endforeach()
  list(GET rt_ffi_processor_${arch} 0 first)
  get_filename_component(processor ${first} DIRECTORY)
  rt_ffi_headers(${folder} ${arch} ${processor})
  set(made)
  rt_cross_compile(${folder} made sources ${ARGN} -w -DHAVE_CONFIG_H -I${folder} -I${FLAP_FFI_SOURCE}/include
                   -I${FLAP_FFI_SOURCE}/src/${processor})
  set(${result} ${made} PARENT_SCOPE)
endfunction()
