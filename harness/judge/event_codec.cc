// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "base/bytes.h"
#include "judge/event.h"
#include "judge/safe_text.h"

namespace diglab {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;

// What an event is called and which fields it has, written down once and used in both directions.
template <typename E>
struct Layout;

template <>
struct Layout<event::RunBegin> {
  static constexpr std::string_view name = "run_begin";
  static void fields(auto& e, auto&& field) {
    field("run", e.run);
    field("version", e.version);
    field("command", e.command);
    field("options", e.options);
    field("connection", e.connection);
    field("acceleration", e.acceleration);
    field("host", e.host);
    field("scenarios", e.scenarios);
  }
};
template <>
struct Layout<event::Phase> {
  static constexpr std::string_view name = "phase";
  static void fields(auto& e, auto&& field) {
    field("what", e.what);
    field("fraction", e.fraction);
  }
};
template <>
struct Layout<event::ScenarioBegin> {
  static constexpr std::string_view name = "scenario_begin";
  static void fields(auto& e, auto&& field) {
    field("scenario", e.scenario);
    field("text", e.text);
    field("file", e.file);
  }
};
template <>
struct Layout<event::VariantBegin> {
  static constexpr std::string_view name = "variant_begin";
  static void fields(auto& e, auto&& field) {
    field("scenario", e.scenario);
    field("variant", e.variant);
    field("facts", e.facts);
  }
};
void where_fields(auto& where, auto&& field) {
  field("scenario", where.scenario);
  field("variant", where.variant);
  field("round", where.round);
  field("boot", where.boot);
}
template <>
struct Layout<event::BootBegin> {
  static constexpr std::string_view name = "boot_begin";
  static void fields(auto& e, auto&& field) {
    where_fields(e.where, field);
    field("machine", e.machine);
  }
};
template <>
struct Layout<event::BootEnd> {
  static constexpr std::string_view name = "boot_end";
  static void fields(auto& e, auto&& field) {
    where_fields(e.where, field);
    field("outcome", e.outcome);
    field("detail", e.detail);
    field("took_ms", e.took);
  }
};
template <>
struct Layout<event::StepBegin> {
  static constexpr std::string_view name = "step_begin";
  static void fields(auto& e, auto&& field) {
    where_fields(e.where, field);
    field("step", e.step);
    field("repetition", e.repetition);
    field("what", e.what);
  }
};
template <>
struct Layout<event::StepEnd> {
  static constexpr std::string_view name = "step_end";
  static void fields(auto& e, auto&& field) {
    where_fields(e.where, field);
    field("step", e.step);
    field("repetition", e.repetition);
    field("exit_status", e.exit_status);
    field("signal", e.signal);
    field("error", e.error);
    field("stage", e.stage);
    field("out", e.out);
    field("err", e.err);
    field("detail", e.detail);
    field("took_ms", e.took);
  }
};
template <>
struct Layout<event::Evidence> {
  static constexpr std::string_view name = "evidence";
  static void fields(auto& e, auto&& field) {
    where_fields(e.where, field);
    field("kind", e.kind);
    field("file", e.file);
    field("sha256", e.sha256);
    field("label", e.label);
  }
};
template <>
struct Layout<event::Fault> {
  static constexpr std::string_view name = "fault";
  static void fields(auto& e, auto&& field) {
    where_fields(e.where, field);
    field("kind", e.kind);
    field("message", e.message);
  }
};
template <>
struct Layout<event::VariantEnd> {
  static constexpr std::string_view name = "variant_end";
  static void fields(auto& e, auto&& field) {
    field("scenario", e.scenario);
    field("variant", e.variant);
    field("took_ms", e.took);
  }
};
template <>
struct Layout<event::ScenarioEnd> {
  static constexpr std::string_view name = "scenario_end";
  static void fields(auto& e, auto&& field) {
    field("scenario", e.scenario);
    field("took_ms", e.took);
  }
};
template <>
struct Layout<event::Skipped> {
  static constexpr std::string_view name = "skipped";
  static void fields(auto& e, auto&& field) {
    field("scenario", e.scenario);
    field("reason", e.reason);
  }
};
template <>
struct Layout<event::RunEnd> {
  static constexpr std::string_view name = "run_end";
  static void fields(auto& e, auto&& field) {
    field("interrupted", e.interrupted);
    field("took_ms", e.took);
    field("peak_memory_kib", e.peak_memory_kib);
  }
};

/// JSON strings are UTF-8; what the guest prints need not be. Other bytes travel as {"hex": "..."}, so that nothing is
/// lost.
Json string_to_json(const std::string& text) {
  if (is_utf8(text)) return text;
  return Json{{"hex", to_hex(view_of(text))}};
}

class Writer {
 public:
  explicit Writer(Json& out) : out_(out) {}

  template <typename T>
  void operator()(const char* name, const T& value) {
    out_[name] = convert(value);
  }
  template <typename T>
  void operator()(const char* name, const std::optional<T>& value) {
    if (value) out_[name] = convert(*value);
  }

 private:
  static Json convert(const std::string& value) { return string_to_json(value); }
  static Json convert(milliseconds value) { return value.count(); }
  template <typename T>
  requires std::is_arithmetic_v<T>
  static Json convert(T value) { return value; }
  template <typename Tag>
  static Json convert(const StrongId<Tag>& value) {
    return string_to_json(value.str());
  }
  template <typename T>
  static Json convert(const std::vector<T>& values) {
    Json array = Json::array();
    for (const T& value : values) array.push_back(convert(value));
    return array;
  }
  static Json convert(const std::map<std::string, std::string>& values) {
    Json object = Json::object();
    for (const auto& [key, value] : values) object[safe_text(key)] = string_to_json(value);
    return object;
  }

  Json& out_;
};

/// Fills fields until one is missing or of the wrong type; `problem()` then says which.
class Reader {
 public:
  explicit Reader(const Json& in) : in_(in) {}

  [[nodiscard]] const std::string& problem() const { return problem_; }

  template <typename T>
  void operator()(const char* name, T& value) {
    if (!problem_.empty()) return;
    auto found = in_.find(name);
    if (found == in_.end()) {
      problem_ = fmt::format("field '{}' is missing", name);
    } else {
      accept(name, *found, value);
    }
  }
  template <typename T>
  void operator()(const char* name, std::optional<T>& value) {
    if (!problem_.empty()) return;
    auto found = in_.find(name);
    if (found == in_.end() || found->is_null()) {
      value.reset();
    } else {
      accept(name, *found, value.emplace());
    }
  }

 private:
  template <typename T>
  void accept(const char* name, const Json& json, T& value) {
    if (!convert(json, value))
      problem_ = fmt::format("field '{}' has the wrong type or range ({})", name, json.type_name());
  }

  static bool convert(const Json& json, std::string& value) {
    if (json.is_string()) {
      value = json.get_ref<const std::string&>();
      return true;
    }
    if (!json.is_object() || json.size() != 1 || !json.contains("hex") || !json["hex"].is_string()) return false;
    auto bytes = from_hex(json["hex"].get_ref<const std::string&>());
    if (!bytes) return false;
    value = text_of(*bytes);
    return true;
  }
  static bool convert(const Json& json, bool& value) {
    if (!json.is_boolean()) return false;
    value = json.get<bool>();
    return true;
  }
  static bool convert(const Json& json, double& value) {
    if (!json.is_number()) return false;
    value = json.get<double>();
    return true;
  }
  static bool convert(const Json& json, std::int64_t& value) {
    if (!json.is_number_integer()) return false;
    if (json.is_number_unsigned() && json.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) return false;
    value = json.get<std::int64_t>();
    return true;
  }
  static bool convert(const Json& json, int& value) {
    std::int64_t wide = 0;
    if (!convert(json, wide) || wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max())
      return false;
    value = static_cast<int>(wide);
    return true;
  }
  static bool convert(const Json& json, milliseconds& value) {
    std::int64_t count = 0;
    if (!convert(json, count)) return false;
    value = milliseconds(count);
    return true;
  }
  template <typename Tag>
  static bool convert(const Json& json, StrongId<Tag>& value) {
    std::string text;
    if (!convert(json, text)) return false;
    value = StrongId<Tag>(std::move(text));
    return true;
  }
  template <typename T>
  static bool convert(const Json& json, std::vector<T>& values) {
    if (!json.is_array()) return false;
    for (const Json& item : json) {
      if (!convert(item, values.emplace_back())) return false;
    }
    return true;
  }
  static bool convert(const Json& json, std::map<std::string, std::string>& values) {
    if (!json.is_object()) return false;
    for (const auto& [key, item] : json.items()) {
      if (!convert(item, values[key])) return false;
    }
    return true;
  }

  const Json& in_;
  std::string problem_;
};

/// "2025-01-31T12:00:00.123456Z": microseconds are what a stream keeps.
std::string format_time(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const auto micros = floor<microseconds>(time);
  const auto day = floor<days>(micros);
  const year_month_day date(day);
  const hh_mm_ss clock(micros - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::optional<std::chrono::system_clock::time_point> parse_time(const std::string& text) {
  using namespace std::chrono;
  int y = 0;
  unsigned mo = 0, d = 0, h = 0, mi = 0, s = 0, us = 0;
  int used = 0;
  if (text.size() != 27 ||
      std::sscanf(text.c_str(), "%4d-%2u-%2uT%2u:%2u:%2u.%6uZ%n", &y, &mo, &d, &h, &mi, &s, &us, &used) != 7 ||
      used != 27)
    return std::nullopt;
  const year_month_day date{year(y), month(mo), day(d)};
  if (!date.ok() || h > 23 || mi > 59 || s > 60) return std::nullopt;
  return sys_days(date) + hours(h) + minutes(mi) + seconds(s) + microseconds(us);
}

template <std::size_t I = 0>
Result<event::Body> parse_body(std::string_view name, const Json& json) {
  if constexpr (I == std::variant_size_v<event::Body>) {
    return fail(ErrorKind::bad_input, fmt::format("unknown event '{}'", one_line(name, 40)));
  } else {
    using E = std::variant_alternative_t<I, event::Body>;
    if (name != Layout<E>::name) return parse_body<I + 1>(name, json);
    E parsed;
    Reader reader(json);
    Layout<E>::fields(parsed, reader);
    if (!reader.problem().empty())
      return fail(ErrorKind::bad_input, fmt::format("event '{}': {}", name, reader.problem()));
    return event::Body(std::move(parsed));
  }
}

}  // namespace

std::string to_json_line(const Event& event) {
  Json json;
  json["time"] = format_time(event.time);
  std::visit(
      [&]<typename E>(const E& body) {
        json["event"] = Layout<E>::name;
        Layout<E>::fields(body, Writer(json));
      },
      event.body);
  return json.dump();
}

Result<Event> parse_event(std::string_view line) {
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object())
    return fail(ErrorKind::bad_input, fmt::format("expected a JSON object, found '{}'", one_line(line, 60)));
  std::string time;
  std::string name;
  Reader reader(json);
  reader("time", time);
  reader("event", name);
  if (!reader.problem().empty()) return fail(ErrorKind::bad_input, reader.problem());
  auto at = parse_time(time);
  if (!at)
    return fail(ErrorKind::bad_input,
                fmt::format("field 'time': expected YYYY-MM-DDThh:mm:ss.uuuuuuZ, found '{}'", one_line(time, 40)));
  return Event{*at, TRY(parse_body(name, json))};
}

Result<std::vector<Event>> parse_events(std::string_view text) {
  std::vector<Event> events;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) continue;
    auto event = parse_event(line);
    if (event) {
      events.push_back(std::move(*event));
    } else if (end == std::string_view::npos) {
      break;  // The run was killed while it wrote this line.
    } else {
      return fail(std::move(event).error().within(fmt::format("line {}", number)));
    }
  }
  return events;
}

}  // namespace diglab
