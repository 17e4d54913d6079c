# The stages of CI that are more than unit tests, each a script that also runs by hand, as tests of the one ctest run.
# They build in folders of their own, so they run alone.
function(libra_stage name minutes)
  math(EXPR seconds "60 * ${minutes}")
  add_test(NAME stage.${name} COMMAND ${ARGN} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(stage.${name} PROPERTIES LABELS "stage" RUN_SERIAL ON TIMEOUT ${seconds})
endfunction()
libra_stage(lint 10 ${CMAKE_SOURCE_DIR}/scripts/lint)
libra_stage(setup 5 ${CMAKE_SOURCE_DIR}/tests/install/wheels_test.py)
libra_stage(install 10 ${CMAKE_SOURCE_DIR}/tests/install/install_and_move.sh ${CMAKE_BINARY_DIR})
libra_stage(crash 20 ${CMAKE_SOURCE_DIR}/tests/crash/crash_test.py $<TARGET_FILE:libra> --every 97 --only collect,train,import)
libra_stage(asan 30 ${CMAKE_SOURCE_DIR}/scripts/sanitize asan)
libra_stage(tsan 20 ${CMAKE_SOURCE_DIR}/scripts/sanitize tsan)
libra_stage(fuzz 10 ${CMAKE_SOURCE_DIR}/scripts/fuzz 20 bddl)
