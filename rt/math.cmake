# math.cmake: the mathematics of every form of the runtime: objects out of musl's libc.a, renamed.
#
# Gives RT_MATH_OBJECTS: one object file per member, so that the linker takes only what a program uses.
# What generated code calls is named rt_<name>; everything else rt_m_<name>, so that nothing here meets
# the functions of a libc in the same process. The members use no thread-local storage, no IFUNC and no
# errno; the one thing they want besides each other is the stack protector's failure function, which
# rt/math.c has. fmod is not taken: rt/math.c has a faster one with the same (exact) results.
find_file(FLAP_MUSL_LIBC libc.a
  PATHS /usr/lib/${FLAP_ARCH}-linux-musl /usr/lib/musl/lib /usr/local/musl/lib NO_DEFAULT_PATH)
if(NOT FLAP_MUSL_LIBC)
  message(FATAL_ERROR "musl's libc.a is needed for its mathematics (Debian: musl-dev)")
endif()

set(rt_math_functions
    sin cos tan asin acos atan atan2 sinh cosh tanh log log2 log10 exp pow hypot fma round)
set(rt_math_helpers # members
    __sin __cos __tan __rem_pio2 __rem_pio2_large __expo2 __math_invalid __math_divzero
    __math_uflow __math_oflow __math_xflow log_data log2_data exp_data pow_data
    sqrt fabs floor scalbn expm1)
set(rt_math_internals # symbols
    __sin __cos __tan __rem_pio2 __rem_pio2_large __expo2 __math_invalid __math_divzero
    __math_uflow __math_oflow __math_xflow __log_data __log2_data __exp_data __pow_log_data
    sqrt fabs floor scalbn expm1 __stack_chk_fail __stack_chk_guard)

set(rt_math_dir ${CMAKE_BINARY_DIR}/rt_math)
set(rt_math_renames "")
foreach(name IN LISTS rt_math_functions)
  string(APPEND rt_math_renames "${name} rt_${name}\n")
endforeach()
foreach(name IN LISTS rt_math_internals)
  string(REGEX REPLACE "^__" "" plain "${name}")
  string(APPEND rt_math_renames "${name} rt_m_${plain}\n")
endforeach()
file(CONFIGURE OUTPUT ${rt_math_dir}/renames CONTENT "${rt_math_renames}")

set(RT_MATH_OBJECTS)
foreach(member IN LISTS rt_math_functions rt_math_helpers)
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
