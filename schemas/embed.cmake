# Files compiled into a library.
#
#   sweetspot_embed(<target> <symbol> <file>)            extern const std::string_view sweetspot::<symbol>;
#   sweetspot_embed_folder(<target> <symbol> <folder> <glob>...)
#                                        extern const std::span<const EmbeddedFile> sweetspot::<symbol>;  by name
#
# Both are constant-initialised, so they may be used at any time. A changed file is compiled again.
# The second half of this file is the generator, run as a script at build time.

if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(SWEETSPOT_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

  function(sweetspot_embed target symbol file)
    get_filename_component(file ${file} ABSOLUTE)
    _sweetspot_generate(${target} ${symbol} one "" ${file})
  endfunction()

  function(sweetspot_embed_folder target symbol folder)
    get_filename_component(folder ${folder} ABSOLUTE)
    list(TRANSFORM ARGN PREPEND ${folder}/)
    file(GLOB_RECURSE files CONFIGURE_DEPENDS ${ARGN})
    list(SORT files)
    _sweetspot_generate(${target} ${symbol} folder ${folder} ${files})
  endfunction()

  function(_sweetspot_generate target symbol form folder)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded/${symbol}.cc)
    list(JOIN ARGN "|" files)
    add_custom_command(OUTPUT ${output} DEPENDS ${ARGN} ${SWEETSPOT_EMBED_SCRIPT} VERBATIM
      COMMENT "Embedding ${symbol}"
      COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DSYMBOL=${symbol} -DFORM=${form} -DFOLDER=${folder} -DFILES=${files}
              -P ${SWEETSPOT_EMBED_SCRIPT})
    target_sources(${target} PRIVATE ${output})
    set_source_files_properties(${output} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  endfunction()
  return()
endif()

string(REPLACE "|" ";" FILES "${FILES}")
set(arrays "")
set(entries "")
set(number 0)
foreach(file IN LISTS FILES)
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
  string(APPEND arrays "constexpr char kBytes${number}[] = {${bytes}'\\0'};\n")  # '\0': an empty file has an array too
  string(APPEND entries "    {")
  if(FORM STREQUAL folder)
    file(RELATIVE_PATH name ${FOLDER} ${file})
    string(APPEND entries "\"${name}\", ")
  endif()
  string(APPEND entries "{kBytes${number}, sizeof kBytes${number} - 1}},\n")
  math(EXPR number "${number} + 1")
endforeach()

if(FORM STREQUAL folder)
  set(definition "constexpr std::array<EmbeddedFile, ${number}> kFiles = {{\n${entries}}};\n}  // namespace
extern const std::span<const EmbeddedFile> ${SYMBOL};
constinit const std::span<const EmbeddedFile> ${SYMBOL} = kFiles;")
else()
  set(definition "}  // namespace
extern const std::string_view ${SYMBOL};
constinit const std::string_view ${SYMBOL}{kBytes0, sizeof kBytes0 - 1};")
endif()
file(WRITE ${OUTPUT} "// Made by schemas/embed.cmake.
#include <array>
#include <span>
#include <string_view>

#include \"schemas/embedded.h\"

namespace sweetspot {
namespace {
${arrays}${definition}
}  // namespace sweetspot
")
