#include <cstdio>

int main() {
  std::puts("manyfold");
  return 0;
}
