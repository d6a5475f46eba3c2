#include "report/event.h"

#include <cstring>

#include "report/crc32c.h"

namespace manyfold::report::event {
namespace {

template <class Number>
std::string little_endian(Number value) {
  std::string bytes(sizeof value, '\0');
  for (size_t i = 0; i < sizeof value; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  return bytes;
}

template <class Bits, class Real>
Bits bits_of(Real value) {
  static_assert(sizeof(Bits) == sizeof(Real));
  Bits bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// One protobuf message under construction. Fields appear in the order of the calls.
class Message {
 public:
  Message& integer(int field, int64_t value) {
    key(field, 0);
    varint(static_cast<uint64_t>(value));
    return *this;
  }
  Message& real64(int field, double value) {
    key(field, 1);
    bytes_ += little_endian(bits_of<uint64_t>(value));
    return *this;
  }
  Message& real32(int field, float value) {
    key(field, 5);
    bytes_ += little_endian(bits_of<uint32_t>(value));
    return *this;
  }
  Message& bytes(int field, const std::string& value) {
    key(field, 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  Message& message(int field, const Message& value) { return bytes(field, value.bytes_); }
  const std::string& str() const { return bytes_; }

 private:
  void key(int field, int wire_type) { varint(static_cast<uint64_t>(field << 3 | wire_type)); }
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

/// Event { wall_time = 1, step = 2, file_version = 3, summary = 5, session_log = 7 }
Message event_at(double wall_time, int64_t step) {
  Message event;
  event.real64(1, wall_time);
  if (step != 0) event.integer(2, step);
  return event;
}

/// Summary.Value.metadata (9) { plugin_data = 1 { plugin_name = 1 } }
Message metadata(const std::string& plugin) {
  return Message().message(1, Message().bytes(1, plugin));
}

}  // namespace

std::string file_version(double wall_time) {
  return event_at(wall_time, 0).bytes(3, "brain.Event:2").str();
}

std::string session_start(double wall_time, int64_t step) {
  return event_at(wall_time, step).message(7, Message().integer(1, 1)).str();
}

std::string scalars(double wall_time, int64_t step, const NamedValues& values) {
  Message summary;
  for (const auto& [tag, value] : values) {
    summary.message(1, Message().bytes(1, tag).real32(2, static_cast<float>(value)));
  }
  return event_at(wall_time, step).message(5, summary).str();
}

std::string picture(double wall_time, int64_t step, const std::string& tag, const std::string& png,
                    cv::Size size) {
  // Summary.Image { height = 1, width = 2, colorspace = 3 (3: RGB), encoded_image_string = 4 }
  const Message image =
      Message().integer(1, size.height).integer(2, size.width).integer(3, 3).bytes(4, png);
  const Message summary = Message().message(1, Message().bytes(1, tag).message(4, image));
  return event_at(wall_time, step).message(5, summary).str();
}

std::string text(double wall_time, int64_t step, const std::string& tag,
                 const std::string& markdown) {
  // TensorProto { dtype = 1 (7: string), tensor_shape = 2 { dim = 2 { size = 1 } }, string_val = 8
  // }
  const Message shape = Message().message(2, Message().integer(1, 1));
  const Message tensor = Message().integer(1, 7).message(2, shape).bytes(8, markdown);
  const Message value = Message().bytes(1, tag).message(8, tensor).message(9, metadata("text"));
  return event_at(wall_time, step).message(5, Message().message(1, value)).str();
}

std::string record(const std::string& bytes) {
  const std::string length = little_endian(static_cast<uint64_t>(bytes.size()));
  return length + little_endian(masked_crc32c(length)) + bytes +
         little_endian(masked_crc32c(bytes));
}

}  // namespace manyfold::report::event
