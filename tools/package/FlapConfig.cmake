# find_package(Flap): the runtime as Flap::flap, and flap_sources(TARGET FILE…), which compiles Flap
# files whose functions marked `export` the target's C code calls; their headers are named like them.
find_program(Flap_COMPILER flapc HINTS "${CMAKE_CURRENT_LIST_DIR}/../../../bin"
             "${CMAKE_CURRENT_LIST_DIR}/../../../../bin" REQUIRED)
if(NOT TARGET Flap::flap)
  find_package(Threads REQUIRED)
  add_library(Flap::flap STATIC IMPORTED)
  set_target_properties(Flap::flap PROPERTIES
    IMPORTED_LOCATION "${CMAKE_CURRENT_LIST_DIR}/../../libflap.a"
    INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS};m")
endif()

function(flap_sources target)
  foreach(file IN LISTS ARGN)
    get_filename_component(source "${file}" ABSOLUTE)
    get_filename_component(name "${file}" NAME_WE)
    set(object "${CMAKE_CURRENT_BINARY_DIR}/${name}.flap.o")
    set(header "${CMAKE_CURRENT_BINARY_DIR}/${name}.h")
    add_custom_command(
      OUTPUT "${object}" "${header}"
      COMMAND "${Flap_COMPILER}" -c -o "${object}" "${source}"
      COMMAND "${Flap_COMPILER}" -q --emit=header -o "${header}" "${source}"
      DEPENDS "${source}" VERBATIM)
    set_source_files_properties("${object}" PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
    target_sources(${target} PRIVATE "${object}" "${header}")
  endforeach()
  target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}")
  target_link_libraries(${target} PRIVATE Flap::flap)
endfunction()
