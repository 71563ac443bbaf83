// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "tool/boot_parameters.h"
#include "tool/count_of.h"
#include "tool/installed_lists.h"
#include "tool/list.h"
#include "tool/signing.h"

namespace diglim::tool {
namespace {

std::string describe(const SignatureVerdict& verdict) {
  using State = SignatureVerdict::State;
  switch (verdict.state) {
    case State::good:
      return fmt::format("good: {}: {}", verdict.signature, verdict.key);
    case State::bad:
      return fmt::format("BAD: {}: {}; list or signature were changed", verdict.signature, verdict.key);
    case State::unknown_key:
      return fmt::format("unknown key: {}; none of the given keys", verdict.signature);
    case State::unsupported:
      return fmt::format("unsupported: {}; the kernel verifies RSA signatures of version 3 and 4", verdict.signature);
    case State::missing:
      return "not signed";
  }
  return {};
}

}  // namespace

Result<Report> verify(const Verify& wish, const Context& context) {
  Keys keys;
  for (const auto& path : wish.keys) TRY_VOID(keys.add(path));
  auto paths = wish.lists;
  if (paths.empty()) {
    for (const auto& list : TRY(installed_lists(context.root, BootParameters().directories)))
      if (!list.masked) paths.push_back(list.file);
    if (paths.empty()) return fail(ErrorKind::bad_input, "no list is installed in /usr/lib/diglim or /etc/diglim");
  }
  Report report;
  report.json = nlohmann::ordered_json::array();
  for (const auto& path : paths) {
    const auto list = List::read(path);
    const auto verdict = list ? verify(list->parts(), keys) : Result<SignatureVerdict>(std::unexpected(list.error()));
    if (!verdict) {
      // An error of reading names the file.
      report.text += list ? fmt::format("{}: refused: {}\n", path.string(), verdict.error().to_string())
                          : fmt::format("refused: {}\n", list.error().to_string());
      report.json.push_back({{"list", path.string()}, {"error", verdict.error().to_string()}});
      report.status = exit_status::bad_input;
      continue;
    }
    const bool good = verdict->state == SignatureVerdict::State::good;
    report.text += fmt::format("{}: {}; {}\n", path.string(), describe(*verdict), count_of(list->digests().size(), "digest"));
    report.json.push_back({{"list", path.string()},
                           {"state", to_string(verdict->state)},
                           {"signature", verdict->signature},
                           {"key", verdict->key},
                           {"digests", list->digests().size()}});
    if (!good && report.status == exit_status::yes) report.status = exit_status::no;
  }
  return report;
}

}  // namespace diglim::tool
