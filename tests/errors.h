#pragma once

#include <string>

#include "common/error.h"

namespace manyfold {

/// What a UserError that `act` throws says; "no error" when there is none.
template <class Act>
std::string error_of(Act act) {
  try {
    act();
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace manyfold
