#include "report/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace manyfold::report {
namespace {

// RFC 3720, appendix B.4, and the check value of the CRC catalogues.
TEST(Crc32c, GivesThePublishedValues) {
  std::string rising;
  for (char byte = 0; byte < 32; ++byte) rising += byte;
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(crc32c(rising), 0x46dd794eu);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(""), 0u);
}

TEST(Crc32c, AMaskedChecksumDiffersFromAPlainOne) {
  // Rotated right by 15 bits, plus 0xa282ead8: by hand for the checksum 0.
  EXPECT_EQ(masked_crc32c(""), 0xa282ead8u);
  EXPECT_NE(masked_crc32c("foo"), crc32c("foo"));
}

}  // namespace
}  // namespace manyfold::report
