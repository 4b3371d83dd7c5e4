# cross.cmake: the runtime for the processors that are not this machine's, as flapc embeds it, built by
# clang: librt_<arch>.a for static executables, which needs nothing of the other machine, and
# librt_hosted_<arch>.a with ffi_<arch>.a for dynamic ones, which needs its C library (Debian's
# libc6-dev-<arch>-cross) and libffi's source. Where those are not there the two are empty.
#
# Gives RT_CROSS_ARCHIVES: one of each for every processor. Mathematics is compiled from musl's source
# (math.cmake); without it programs that call sin and its like cannot be linked for the others.
find_program(FLAP_LLVM_AR NAMES llvm-ar-${LLVM_VERSION_MAJOR} llvm-ar HINTS ${LLVM_TOOLS_BINARY_DIR} REQUIRED)
include(rt/ffi.cmake)

# rt_cross_copy(FROM TO TARGET): this machine's own.
function(rt_cross_copy from to target)
  add_custom_command(OUTPUT ${to}
    COMMAND ${CMAKE_COMMAND} -E copy ${from} ${to} DEPENDS ${target} ${from} VERBATIM)
endfunction()

# rt_cross_compile(FOLDER RESULT SOURCES FLAGS...): appends the objects of the sources in the list called
# SOURCES to RESULT.
function(rt_cross_compile folder result source_list)
  set(made)
  file(MAKE_DIRECTORY ${folder})
  foreach(source IN LISTS ${source_list})
    get_filename_component(name ${source} NAME)
    set(object ${folder}/${name}.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${FLAP_CLANG} ${ARGN} -c ${source} -o ${object}
      DEPENDS ${source} ${rt_headers} VERBATIM)
    list(APPEND made ${object})
  endforeach()
  set(${result} ${${result}} ${made} PARENT_SCOPE)
endfunction()

# rt_cross_archive(ARCHIVE OBJECTS...)
function(rt_cross_archive archive)
  add_custom_command(OUTPUT ${archive}
    COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
    COMMAND ${FLAP_LLVM_AR} rcs ${archive} ${ARGN}
    DEPENDS ${ARGN} VERBATIM)
endfunction()

# rt_cross(ARCH): all for another processor.
function(rt_cross arch)
  set(common --target=${arch}-linux-gnu -O2 -ffp-contract=off -fno-builtin -fno-omit-frame-pointer -fno-stack-protector
      -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -nostdlibinc ${FLAP_STRESS_FLAG})
  if(arch STREQUAL riscv64)
    list(APPEND common -march=rv64gc -mabi=lp64d)
  elseif(arch STREQUAL aarch64)
    list(APPEND common -mno-outline-atomics)
  endif()
  set(math)
  rt_math_lanes(${arch} math ${rt_math_flags_${arch}})
  if(rt_math_source)
    rt_math_from_source(${arch} math ${common} -ffreestanding -fPIC)
  endif()
  file(GLOB assembly CONFIGURE_DEPENDS rt/*_${arch}.S)
  set(sources ${rt_static_sources} ${assembly})
  set(objects)
  rt_cross_compile(${CMAKE_BINARY_DIR}/rt_${arch} objects sources ${common} -std=gnu11 -ffreestanding
                   -fno-pic -fno-pie)
  rt_cross_archive(${CMAKE_BINARY_DIR}/librt_${arch}.a ${objects} ${math})

  set(hosted ${CMAKE_BINARY_DIR}/librt_hosted_${arch}.a)
  set(ffi ${CMAKE_BINARY_DIR}/ffi_${arch}.a)
  set(libc /usr/${arch}-linux-gnu/include)
  file(GLOB libc_header CONFIGURE_DEPENDS ${libc}/stdio.h)
  if(NOT libc_header OR NOT rt_ffi_source OR NOT rt_math_source OR FLAP_STRESS OR FLAP_SANITIZE)
    file(WRITE ${hosted} "")
    file(WRITE ${ffi} "")
    return()
  endif()
  list(APPEND common -isystem ${libc} -fPIC)
  rt_ffi_from_source(${arch} objects ${common})
  rt_cross_archive(${ffi} ${objects})
  set(sources ${rt_both_sources} ${CMAKE_SOURCE_DIR}/rt/jump_${arch}.S)
  set(objects)
  rt_cross_compile(${CMAKE_BINARY_DIR}/rt_hosted_${arch} objects sources ${common} -std=gnu11 -DRT_HOSTED
                   -I${CMAKE_BINARY_DIR}/rt_ffi_${arch})
  rt_cross_archive(${hosted} ${objects} ${math})
endfunction()

set(RT_CROSS_ARCHIVES)
foreach(arch IN ITEMS x86_64 aarch64 riscv64)
  if(arch STREQUAL FLAP_ARCH)
    rt_cross_copy(${CMAKE_BINARY_DIR}/librt.a ${CMAKE_BINARY_DIR}/librt_${arch}.a rt_static)
    rt_cross_copy(${CMAKE_BINARY_DIR}/librt_hosted.a ${CMAKE_BINARY_DIR}/librt_hosted_${arch}.a rt_hosted)
  else()
    rt_cross(${arch})
  endif()
  foreach(kind IN ITEMS librt librt_hosted ffi)
    list(APPEND RT_CROSS_ARCHIVES ${CMAKE_BINARY_DIR}/${kind}_${arch}.a)
  endforeach()
endforeach()
add_custom_target(rt_cross DEPENDS ${RT_CROSS_ARCHIVES})
