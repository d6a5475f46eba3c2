#include "common/safetensors.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <cstring>

#include "common/error.h"

namespace manyfold::safetensors {
namespace {

using ::testing::HasSubstr;

/// The layout by hand: length, header, data.
std::string layout(const std::string& header, const std::string& data) {
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i)
    bytes[i] = static_cast<char>(uint64_t{header.size()} >> (8 * i) & 255);
  return bytes + header + data;
}

std::string refusal(std::string bytes) {
  try {
    parse(std::move(bytes), "w.safetensors");
  } catch (const UserError& e) {
    EXPECT_THAT(e.what(), HasSubstr("w.safetensors: damaged safetensors file: "));
    return e.what();
  }
  return "accepted";
}

const std::string kHeader =
    R"({"__metadata__":{"note":"gr\u00fcn"},"b":{"dtype":"U8","shape":[3],"data_offsets":[4,7]},)"
    R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} )";
const std::string kData("\x00\x00\x80\x3f\x01\x02\x03", 7);  // 1.0f, then three bytes

TEST(Safetensors, ReadsALayoutMadeByHand) {
  const auto file = parse(layout(kHeader, kData), "hand");
  EXPECT_EQ(file.metadata.at("note"), "gr\u00fcn");
  ASSERT_EQ(file.entries.size(), 2u);
  float one = 0;
  std::memcpy(&one, file.entries.at("a").bytes.data(), 4);
  EXPECT_EQ(one, 1.0f);
  EXPECT_EQ(file.entries.at("b").bytes, std::string_view("\x01\x02\x03"));
  EXPECT_EQ(file.entries.at("b").shape, std::vector<int64_t>{3});
}

TEST(Safetensors, WritesTheLayoutOfTheFormat) {
  const auto bytes = serialise(
      {{"b", {"U8", {3}, "\x01\x02\x03"}}, {"a", {"F32", {1}, std::string_view(kData.data(), 4)}}},
      {{"k", "v"}});
  std::string header =
      R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
      R"("b":{"dtype":"U8","shape":[3],"data_offsets":[4,7]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  EXPECT_EQ(bytes, layout(header, kData));
}

TEST(Safetensors, ComeBackWhateverTheirContent) {
  rc::check([] {
    const auto blobs = *rc::gen::container<std::map<std::string, std::string>>(
        rc::gen::string<std::string>(), rc::gen::arbitrary<std::string>());
    Entries entries;
    for (const auto& [name, blob] : blobs) {
      std::string ascii = "t";
      for (const unsigned char c : name) ascii += std::to_string(c);
      entries[ascii] = {"U8", {static_cast<int64_t>(blob.size())}, blob};
    }
    const auto file = parse(serialise(entries), "round trip");
    RC_ASSERT(file.entries.size() == entries.size());
    for (const auto& [name, entry] : entries) {
      RC_ASSERT(file.entries.at(name).bytes == entry.bytes);
      RC_ASSERT(file.entries.at(name).shape == entry.shape);
    }
  });
}

TEST(Safetensors, StayReadableAfterTheFileIsMoved) {
  auto file = parse(serialise({{"x", {"U8", {2}, "ab"}}}), "x");
  const auto moved = std::move(file);
  EXPECT_EQ(moved.entries.at("x").bytes, "ab");
}

TEST(Safetensors, EveryCutIsRefused) {
  const auto whole = layout(kHeader, kData);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(refusal(whole.substr(0, size)), "accepted") << size;
  }
}

TEST(Safetensors, DamagedHeadersAreRefusedWithTheReason) {
  const auto entry = [](const std::string& dtype, const std::string& shape,
                        const std::string& offsets) {
    return R"("a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
           "}";
  };
  const auto of = [](const std::string& header, size_t data) {
    return refusal(layout("{" + header + "}", std::string(data, 'x')));
  };
  const auto good = entry("U8", "[4]", "[0,4]");
  EXPECT_EQ(of(good, 4), "accepted");
  EXPECT_THAT(of(good, 5), HasSubstr("bytes after the last tensor"));
  EXPECT_THAT(of(good, 3), HasSubstr("bytes 0 to 4 of 3"));
  EXPECT_THAT(of(entry("U8", "[4]", "[0,3]"), 3), HasSubstr("its shape needs 4"));
  EXPECT_THAT(of(entry("U8", "[4]", "[1,5]"), 5), HasSubstr("'a' follows a gap"));
  EXPECT_THAT(of(good + R"(,"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]})", 4),
              HasSubstr("'b' overlaps another"));
  EXPECT_THAT(of(good + "," + good, 4), HasSubstr("key 'a' stands twice"));
  EXPECT_THAT(of(entry("C64", "[4]", "[0,4]"), 4), HasSubstr("unknown type 'C64'"));
  EXPECT_THAT(of(entry("U8", "[-4]", "[0,4]"), 4), HasSubstr("not a whole number: -4"));
  EXPECT_THAT(of(entry("F32", "[4611686018427387904,2]", "[0,0]"), 0), HasSubstr("larger than"));
  for (const std::string shape : {"4", R"({"k":4})", R"("4")", "null"}) {
    EXPECT_THAT(of(entry("U8", shape, "[0,4]"), 4), HasSubstr("its shape is not a list"));
  }
  EXPECT_THAT(of(R"("a":{"dtype":"U8"})", 0), HasSubstr("exactly dtype, shape and data_offsets"));
  EXPECT_THAT(of("\"\xff\":1", 0), HasSubstr("UTF-8"));
  EXPECT_THAT(refusal(layout("[]", "")), HasSubstr("not a JSON object"));
  EXPECT_THAT(refusal(std::string(8, '\xff') + "{}"), HasSubstr("cut off"));
}

TEST(Safetensors, RefuseToWriteWhatDoesNotMatchItsShape) {
  EXPECT_THROW(serialise({{"x", {"F32", {2}, "abc"}}}), std::invalid_argument);
}

}  // namespace
}  // namespace manyfold::safetensors
