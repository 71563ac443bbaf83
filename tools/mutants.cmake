# SPDX-License-Identifier: GPL-2.0-or-later
#
# Deliberate defects, as patches of the tree: what tools/mutants.sh tries is built from what this makes.

# diglab_defective_targets(<target>...)
# A defect may leave something unused, and is nothing for a linter.
function(diglab_defective_targets)
  foreach(target ${ARGN})
    target_compile_options(${target} PRIVATE -w)
  endforeach()
  set_target_properties(${ARGN} PROPERTIES CXX_CLANG_TIDY "")
endfunction()

# diglab_defective_sources(<variable> <patch> <directory> [<source>...])
# Lists in <variable> the *.cc that the patch touches, and the further sources (paths in the tree, for instance of what includes a header that
# it touches), as files below <directory>/source with the patch applied. Beside them is everything else of their folders but tests.
function(diglab_defective_sources variable patch directory)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${patch})
  file(STRINGS ${patch} touched REGEX "^\\+\\+\\+ b/")
  list(TRANSFORM touched REPLACE "^... b/" "")
  list(APPEND touched ${ARGN})
  list(REMOVE_DUPLICATES touched)
  set(folders)
  foreach(file ${touched})
    get_filename_component(folder ${file} DIRECTORY)
    list(APPEND folders ${folder})
  endforeach()
  list(REMOVE_DUPLICATES folders)
  set(all)
  set(copy)
  foreach(folder ${folders})
    file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cc ${CMAKE_SOURCE_DIR}/${folder}/*.h)
    list(FILTER files EXCLUDE REGEX "_test\\.cc$")
    list(APPEND all ${files})
    list(APPEND copy COMMAND ${CMAKE_COMMAND} -E make_directory ${directory}/source/${folder}
                     COMMAND ${CMAKE_COMMAND} -E copy ${files} ${directory}/source/${folder})
  endforeach()
  list(FILTER touched INCLUDE REGEX "\\.cc$")
  list(TRANSFORM touched PREPEND ${directory}/source/)
  add_custom_command(OUTPUT ${touched} DEPENDS ${patch} ${all} VERBATIM
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${directory}/source
    ${copy}
    COMMAND patch --quiet -p1 -d ${directory}/source -i ${patch})
  set(${variable} ${touched} PARENT_SCOPE)
endfunction()
