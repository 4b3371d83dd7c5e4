# math.cmake: the mathematics of every form of the runtime: our own (math_*.c), and of musl, renamed, what
# that leaves to it.
#
# Gives RT_MATH_OBJECTS: object files, so that the linker takes only what a program uses;
# and rt_math_from_source() and rt_math_lanes(), which make the same for another processor.
# Our own is compiled once for each width of vectors, by clang, with nothing fused: the same operations and
# bits everywhere. Of musl's functions what generated code calls is named rt_<name>, what only our own calls,
# for rare arguments, rt_rare_<name>, everything else rt_m_<name>, so that nothing here meets
# the functions of a libc in the same process. The members use no thread-local storage, no IFUNC and no
# errno; the one thing they want besides each other is the stack protector's failure function, which
# rt/math.c has. fmod is not taken: rt/math.c has a faster one with the same (exact) results.
#
# x86-64's objects come out of musl's libc.a. For the others musl's source is compiled, without
# the fused operations that those processors have: so all give the same bits.
find_file(FLAP_MUSL_LIBC libc.a
  PATHS /usr/lib/${FLAP_ARCH}-linux-musl /usr/lib/musl/lib /usr/local/musl/lib NO_DEFAULT_PATH)
set(FLAP_MUSL_SOURCE "${CMAKE_BINARY_DIR}/musl" CACHE PATH
    "musl's source (tools/dev fetches it): mathematics for the other processors")
find_program(FLAP_LLVM_OBJCOPY NAMES llvm-objcopy-${LLVM_VERSION_MAJOR} llvm-objcopy
             HINTS ${LLVM_TOOLS_BINARY_DIR})
set(rt_math_source OFF)
file(GLOB rt_math_sine CONFIGURE_DEPENDS ${FLAP_MUSL_SOURCE}/src/math/sin.c)
if(FLAP_LLVM_OBJCOPY AND rt_math_sine)
  set(rt_math_source ON)
endif()
if(NOT FLAP_MUSL_LIBC)
  message(FATAL_ERROR "musl's libc.a is needed for its mathematics (Debian: musl-dev)")
endif()

set(rt_math_functions fma tan asin acos atan log10 exp hypot)
set(rt_math_rare sin cos atan2 sinh cosh log log2 pow)
set(rt_math_helpers # members
    __sin __cos __tan __rem_pio2 __rem_pio2_large __expo2 __math_invalid __math_divzero
    __math_uflow __math_oflow __math_xflow log_data log2_data exp_data pow_data
    sqrt fabs floor scalbn expm1)
set(rt_math_internals # symbols
    __sin __cos __tan __rem_pio2 __rem_pio2_large __expo2 __math_invalid __math_divzero
    __math_uflow __math_oflow __math_xflow __log_data __log2_data __exp_data __pow_log_data
    sqrt fabs floor scalbn expm1 __stack_chk_fail __stack_chk_guard)
set(rt_math_own hyper log trig arc power) # rt/math_<name>.c
set(rt_math_widths_x86_64 1 2 4 8)
set(rt_math_widths_aarch64 1 2)
set(rt_math_widths_riscv64 1)
set(rt_math_flags_riscv64 -march=rv64gc -mabi=lp64d)

set(rt_math_dir ${CMAKE_BINARY_DIR}/rt_math)
set(rt_math_renames "")
foreach(name IN LISTS rt_math_functions)
  string(APPEND rt_math_renames "${name} rt_${name}\n")
endforeach()
foreach(name IN LISTS rt_math_rare)
  string(APPEND rt_math_renames "${name} rt_rare_${name}\n")
endforeach()
foreach(name IN LISTS rt_math_internals)
  string(REGEX REPLACE "^__" "" plain "${name}")
  string(APPEND rt_math_renames "${name} rt_m_${plain}\n")
endforeach()
file(CONFIGURE OUTPUT ${rt_math_dir}/renames CONTENT "${rt_math_renames}")

# rt_math_from_source(ARCH RESULT FLAGS...): appends objects made from musl's source to the list RESULT.
function(rt_math_from_source arch result)
  set(made)
  set(folder ${CMAKE_BINARY_DIR}/rt_math_${arch})
  set(types ${folder}/bits/alltypes.h)
  set(arch_types ${FLAP_MUSL_SOURCE}/arch/${arch}/bits/alltypes.h.in)
  set(all_types ${FLAP_MUSL_SOURCE}/include/alltypes.h.in)
  file(MAKE_DIRECTORY ${folder}/bits)
  add_custom_command(OUTPUT ${types}
    COMMAND sed -f ${FLAP_MUSL_SOURCE}/tools/mkalltypes.sed ${arch_types} ${all_types} > ${types}
    DEPENDS ${arch_types} ${all_types} VERBATIM)
  set(includes -nostdinc)
  foreach(path IN ITEMS arch/${arch} arch/generic src/include src/internal include)
    list(APPEND includes -I${FLAP_MUSL_SOURCE}/${path})
  endforeach()
  foreach(member IN LISTS rt_math_functions rt_math_rare rt_math_helpers)
    set(source ${FLAP_MUSL_SOURCE}/src/math/${arch}/${member}.c)
    if(NOT EXISTS ${source})
      set(source ${FLAP_MUSL_SOURCE}/src/math/${member}.c)
    endif()
    set(object ${folder}/rt_m_${member}.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${FLAP_CLANG} ${ARGN} -std=c99 -w -D_XOPEN_SOURCE=700 ${includes} -I${folder}
              -ffp-contract=off -U__FP_FAST_FMA -c ${source} -o ${object}.musl
      COMMAND ${FLAP_LLVM_OBJCOPY} --redefine-syms=${rt_math_dir}/renames ${object}.musl ${object}
      DEPENDS ${source} ${types} ${rt_math_dir}/renames VERBATIM)
    list(APPEND made ${object})
  endforeach()
  set(${result} ${${result}} ${made} PARENT_SCOPE)
endfunction()

# rt_math_lanes(ARCH RESULT FLAGS...): appends objects of the functions that have vector versions.
function(rt_math_lanes arch result)
  set(made)
  set(folder ${CMAKE_BINARY_DIR}/rt_math_${arch})
  file(MAKE_DIRECTORY ${folder})
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/rt/math_*.h ${CMAKE_SOURCE_DIR}/rt/rt_vector.def)
  set(wide_4 -mavx2)
  set(wide_8 -mavx512f)
  foreach(name IN LISTS rt_math_own)
    foreach(width IN LISTS rt_math_widths_${arch})
      set(source ${CMAKE_SOURCE_DIR}/rt/math_${name}.c)
      set(object ${folder}/math_${name}_${width}.o)
      add_custom_command(OUTPUT ${object}
        COMMAND ${FLAP_CLANG} --target=${arch}-linux-gnu ${ARGN} ${wide_${width}} -std=gnu11 -O2 -fPIC
                -ffreestanding -ffp-contract=off -fno-math-errno -fno-stack-protector
                -fno-asynchronous-unwind-tables -fno-ident -ffunction-sections
                ${FLAP_WARNINGS} -DRT_WIDTH=${width} -c rt/math_${name}.c -o ${object}
        WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
        DEPENDS ${source} ${headers} VERBATIM)
      list(APPEND made ${object})
    endforeach()
  endforeach()
  set(${result} ${${result}} ${made} PARENT_SCOPE)
endfunction()

set(RT_MATH_OBJECTS)
rt_math_lanes(${FLAP_ARCH} RT_MATH_OBJECTS ${rt_math_flags_${FLAP_ARCH}})
if(rt_math_source AND NOT FLAP_ARCH STREQUAL x86_64)
  rt_math_from_source(${FLAP_ARCH} RT_MATH_OBJECTS -O2 -fPIC -ffreestanding -fno-builtin -fno-stack-protector)
  return()
endif()
foreach(member IN LISTS rt_math_functions rt_math_rare rt_math_helpers)
  set(object ${rt_math_dir}/rt_m_${member}.o)
  add_custom_command(
    OUTPUT ${object}
    COMMAND ${CMAKE_AR} x ${FLAP_MUSL_LIBC} ${member}.lo
    COMMAND ${CMAKE_OBJCOPY} --redefine-syms=${rt_math_dir}/renames --strip-debug ${member}.lo
            ${object}
    COMMAND ${CMAKE_COMMAND} -E rm ${member}.lo
    WORKING_DIRECTORY ${rt_math_dir}
    DEPENDS ${FLAP_MUSL_LIBC} ${rt_math_dir}/renames
    VERBATIM)
  list(APPEND RT_MATH_OBJECTS ${object})
endforeach()
