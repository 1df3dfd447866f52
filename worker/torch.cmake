# Finds libtorch (>= 2.4, the first with a fused AdamW on CPUs) and defines the target sweetspot_torch.
#
# Looked for in this order: -DTorch_DIR or CMAKE_PREFIX_PATH, the Python wheel of the project's .venv, the wheel
# of the python3 on PATH, the system's package. Headers and libraries are found by hand: the config file that
# a CUDA wheel brings demands a CUDA toolkit, which most users of a GPU do not have and linking does not need.
set(hints "")
if(Torch_DIR)
  get_filename_component(hint "${Torch_DIR}/../../.." ABSOLUTE)
  list(APPEND hints ${hint})
endif()
list(APPEND hints ${CMAKE_PREFIX_PATH})
# The package is located, not loaded: its library is all that is needed, so its own dependencies may be absent.
foreach(python ${CMAKE_SOURCE_DIR}/.venv/bin/python3 python3)
  execute_process(COMMAND ${python} -c "import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])"
                  OUTPUT_VARIABLE hint OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    list(APPEND hints ${hint})
  endif()
endforeach()

find_path(TORCH_INCLUDE torch/csrc/api/include/torch/version.h HINTS ${hints} PATH_SUFFIXES include)
find_library(TORCH_CPU_LIBRARY torch_cpu HINTS ${hints} PATH_SUFFIXES lib)
find_library(C10_LIBRARY c10 HINTS ${hints} PATH_SUFFIXES lib)
if(NOT TORCH_INCLUDE OR NOT TORCH_CPU_LIBRARY OR NOT C10_LIBRARY)
  message(FATAL_ERROR "libtorch was not found. Run tests/install, or give -DTorch_DIR=.../share/cmake/Torch, "
                      "or build without the worker: --preset daemon-only")
endif()
get_filename_component(TORCH_LIBRARY_DIR ${TORCH_CPU_LIBRARY} DIRECTORY)
# The numbers moved: newer versions state them in headeronly/version.h.
set(version_line "")
foreach(header headeronly/version.h csrc/api/include/torch/version.h)
  if(NOT version_line AND EXISTS ${TORCH_INCLUDE}/torch/${header})
    file(STRINGS ${TORCH_INCLUDE}/torch/${header} version_line REGEX "#define TORCH_VERSION_(MAJOR|MINOR) ")
  endif()
endforeach()
string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*" "\\1.\\2" TORCH_VERSION "${version_line}")
if(TORCH_VERSION VERSION_LESS 2.4)
  message(FATAL_ERROR "libtorch ${TORCH_VERSION} in ${TORCH_LIBRARY_DIR} is older than 2.4; run tests/install for a newer one")
endif()
message(STATUS "libtorch ${TORCH_VERSION}: ${TORCH_LIBRARY_DIR}")

add_library(sweetspot_torch INTERFACE)
target_include_directories(sweetspot_torch SYSTEM INTERFACE ${TORCH_INCLUDE} ${TORCH_INCLUDE}/torch/csrc/api/include)
target_link_libraries(sweetspot_torch INTERFACE ${TORCH_CPU_LIBRARY} ${C10_LIBRARY})
# Some wheels bring headers of another fmt than the system's, without its library.
target_compile_definitions(sweetspot_torch INTERFACE FMT_HEADER_ONLY)
target_link_options(sweetspot_torch INTERFACE -Wl,-rpath,${TORCH_LIBRARY_DIR})
# The CUDA kernels register themselves when their library is loaded, so it must stay linked although no symbol
# of it is named. A wheel may carry the file without NVIDIA's libraries beside it: then a link would fail.
find_library(TORCH_CUDA_LIBRARY torch_cuda HINTS ${TORCH_LIBRARY_DIR} NO_DEFAULT_PATH)
find_library(C10_CUDA_LIBRARY c10_cuda HINTS ${TORCH_LIBRARY_DIR} NO_DEFAULT_PATH)
if(TORCH_CUDA_LIBRARY AND C10_CUDA_LIBRARY)
  file(GLOB nvidia_dirs ${TORCH_LIBRARY_DIR}/../../nvidia/*/lib)
  foreach(dir ${nvidia_dirs})
    target_link_options(sweetspot_torch INTERFACE -Wl,-rpath,${dir} -Wl,-rpath-link,${dir})
  endforeach()
  target_link_options(sweetspot_torch INTERFACE -Wl,--no-as-needed ${TORCH_CUDA_LIBRARY} ${C10_CUDA_LIBRARY} -Wl,--as-needed)
endif()
