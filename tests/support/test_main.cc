// main of every test program: gives the process a temporary folder of its own, so that no two tests
// meet in one, also not the same test run twice at a time.
#include <gmock/gmock.h>
#include <stdlib.h>

#include "tests/support/temp_folder.h"

int main(int argc, char** argv) {
  const libra::TempFolder folder;
  setenv("TMPDIR", folder.path().c_str(), /*overwrite=*/1);
  setenv("TEST_TMPDIR", folder.path().c_str(), /*overwrite=*/1);
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
