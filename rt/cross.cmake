# cross.cmake: the runtime for the processors that are not this machine's, as flapc embeds it:
# librt_<arch>.a for static executables, built by clang, which needs no C library for that.
#
# Gives RT_CROSS_ARCHIVES. Their mathematics is compiled from musl's source (math.cmake); where that is
# not there, programs that call sin and its like cannot be linked for the others.
find_program(FLAP_LLVM_AR NAMES llvm-ar-${LLVM_VERSION_MAJOR} llvm-ar HINTS ${LLVM_TOOLS_BINARY_DIR} REQUIRED)
set(RT_CROSS_ARCHIVES)
foreach(arch IN ITEMS x86_64 aarch64 riscv64)
  set(archive ${CMAKE_BINARY_DIR}/librt_${arch}.a)
  list(APPEND RT_CROSS_ARCHIVES ${archive})
  if(arch STREQUAL FLAP_ARCH)
    add_custom_command(OUTPUT ${archive}
      COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_BINARY_DIR}/librt.a ${archive}
      DEPENDS rt_static ${CMAKE_BINARY_DIR}/librt.a VERBATIM)
    continue()
  endif()
  set(flags --target=${arch}-linux-gnu -std=gnu11 -O2 -ffreestanding -fno-builtin -fno-pic -fno-pie
      -fno-omit-frame-pointer -fno-stack-protector -fno-asynchronous-unwind-tables
      -ffunction-sections -fdata-sections -nostdlibinc ${FLAP_STRESS_FLAG})
  if(arch STREQUAL riscv64)
    list(APPEND flags -march=rv64gc -mabi=lp64d)
  elseif(arch STREQUAL aarch64)
    list(APPEND flags -mno-outline-atomics)
  endif()
  file(GLOB assembly CONFIGURE_DEPENDS rt/*_${arch}.S)
  set(objects)
  foreach(source IN LISTS rt_static_sources assembly)
    get_filename_component(name ${source} NAME)
    set(object ${CMAKE_BINARY_DIR}/rt_${arch}/${name}.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${FLAP_CLANG} ${flags} -c ${source} -o ${object}
      DEPENDS ${source} ${rt_headers} VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/rt_${arch})
  if(rt_math_source)
    rt_math_from_source(${arch} objects ${flags})
  endif()
  add_custom_command(OUTPUT ${archive}
    COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
    COMMAND ${FLAP_LLVM_AR} rcs ${archive} ${objects}
    DEPENDS ${objects} VERBATIM)
endforeach()
add_custom_target(rt_cross DEPENDS ${RT_CROSS_ARCHIVES})
