// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>

#include <limits>
#include <random>

#include "judge/stream.h"

namespace diglab {
namespace {

using std::chrono::milliseconds;

/// Makes field values that are hard to store: empty, binary, quotes, newlines, extremes.
class Chance {
 public:
  explicit Chance(unsigned seed) : engine_(seed) {}

  int number(int low, int high) { return std::uniform_int_distribution(low, high)(engine_); }
  int any_int() {
    switch (number(0, 3)) {
      case 0:
        return std::numeric_limits<int>::min();
      case 1:
        return std::numeric_limits<int>::max();
      default:
        return number(-300, 300);
    }
  }
  std::string text() {
    static const std::vector<std::string> hard{"",
                                               "plain",
                                               "\"quoted\" \\ back",
                                               "two\nlines\r\n",
                                               std::string("nul\0byte", 8),
                                               "\xff\xfe\x80 no utf-8",
                                               "g\xc3\xbcltig",
                                               "{\"hex\":\"00\"}",
                                               "\xed\xa0\x80",
                                               "\xf4\x90\x80\x80",
                                               "</script>",
                                               "\x1b[2J"};
    std::string result = hard[static_cast<std::size_t>(number(0, static_cast<int>(hard.size()) - 1))];
    for (int i = number(0, 20); i > 0; --i) result += static_cast<char>(number(-128, 127));
    return result;
  }
  template <typename Tag>
  void fill(StrongId<Tag>& value) {
    value = StrongId<Tag>(text());
  }
  void fill(std::string& value) { value = text(); }
  void fill(int& value) { value = any_int(); }
  void fill(bool& value) { value = number(0, 1) == 1; }
  void fill(double& value) { value = number(-1000, 1000) / 7.0; }
  void fill(milliseconds& value) { value = milliseconds(any_int()); }
  void fill(std::map<std::string, std::string>& value) {
    for (int i = number(0, 4); i > 0; --i) value["key " + std::to_string(i)] = text();
  }
  template <typename T>
  void fill(std::vector<T>& value) {
    for (int i = number(0, 4); i > 0; --i) fill(value.emplace_back());
  }
  template <typename T>
  void fill(std::optional<T>& value) {
    if (number(0, 1)) fill(value.emplace());
  }
  void fill(event::Where& value) { fill_all(value.scenario, value.variant, value.round, value.boot); }
  void fill_all(auto&... values) { (fill(values), ...); }

  template <typename E>
  E body() {
    E event;
    // The number of members is written here once more, so that a field which the codec forgets does not come back.
    if constexpr (std::is_same_v<E, event::RunEnd>) {
      auto& [a, b, c] = event;
      fill_all(a, b, c);
    } else if constexpr (requires(E e) { auto(e.scenarios); }) {
      auto& [a, b, c, d, e, f, g, h] = event;
      fill_all(a, b, c, d, e, f, g, h);
    } else if constexpr (std::is_same_v<E, event::StepEnd>) {
      auto& [a, b, c, d, e, f, g, h, i, j, k] = event;
      fill_all(a, b, c, d, e, f, g, h, i, j, k);
    } else if constexpr (std::is_same_v<E, event::Evidence>) {
      auto& [a, b, c, d, e] = event;
      fill_all(a, b, c, d, e);
    } else if constexpr (std::is_same_v<E, event::StepBegin> || std::is_same_v<E, event::BootEnd>) {
      auto& [a, b, c, d] = event;
      fill_all(a, b, c, d);
    } else if constexpr (std::is_same_v<E, event::Fault> || std::is_same_v<E, event::VariantEnd> ||
                         std::is_same_v<E, event::VariantBegin> || std::is_same_v<E, event::ScenarioBegin>) {
      auto& [a, b, c] = event;
      fill_all(a, b, c);
    } else {
      auto& [a, b] = event;
      fill_all(a, b);
    }
    return event;
  }

 private:
  std::mt19937 engine_;
};

bool same_where(const event::Where& a, const event::Where& b) {
  return a.scenario == b.scenario && a.variant == b.variant && a.round == b.round && a.boot == b.boot;
}
bool same(const event::RunBegin& a, const event::RunBegin& b) {
  return std::tie(a.run, a.version, a.command, a.options, a.connection, a.acceleration, a.host, a.scenarios) ==
         std::tie(b.run, b.version, b.command, b.options, b.connection, b.acceleration, b.host, b.scenarios);
}
bool same(const event::Phase& a, const event::Phase& b) {
  return a.what == b.what && a.fraction == b.fraction;
}
bool same(const event::ScenarioBegin& a, const event::ScenarioBegin& b) {
  return std::tie(a.scenario, a.text, a.file) == std::tie(b.scenario, b.text, b.file);
}
bool same(const event::VariantBegin& a, const event::VariantBegin& b) {
  return std::tie(a.scenario, a.variant, a.facts) == std::tie(b.scenario, b.variant, b.facts);
}
bool same(const event::BootBegin& a, const event::BootBegin& b) {
  return same_where(a.where, b.where) && a.machine == b.machine;
}
bool same(const event::BootEnd& a, const event::BootEnd& b) {
  return same_where(a.where, b.where) && std::tie(a.outcome, a.detail, a.took) == std::tie(b.outcome, b.detail, b.took);
}
bool same(const event::StepBegin& a, const event::StepBegin& b) {
  return same_where(a.where, b.where) &&
         std::tie(a.step, a.repetition, a.what) == std::tie(b.step, b.repetition, b.what);
}
bool same(const event::StepEnd& a, const event::StepEnd& b) {
  return same_where(a.where, b.where) &&
         std::tie(a.step, a.repetition, a.exit_status, a.signal, a.error, a.stage, a.out, a.err, a.detail, a.took) ==
             std::tie(b.step, b.repetition, b.exit_status, b.signal, b.error, b.stage, b.out, b.err, b.detail, b.took);
}
bool same(const event::Evidence& a, const event::Evidence& b) {
  return same_where(a.where, b.where) &&
         std::tie(a.kind, a.file, a.sha256, a.label) == std::tie(b.kind, b.file, b.sha256, b.label);
}
bool same(const event::Fault& a, const event::Fault& b) {
  return same_where(a.where, b.where) && std::tie(a.kind, a.message) == std::tie(b.kind, b.message);
}
bool same(const event::VariantEnd& a, const event::VariantEnd& b) {
  return std::tie(a.scenario, a.variant, a.took) == std::tie(b.scenario, b.variant, b.took);
}
bool same(const event::ScenarioEnd& a, const event::ScenarioEnd& b) {
  return a.scenario == b.scenario && a.took == b.took;
}
bool same(const event::Skipped& a, const event::Skipped& b) {
  return a.scenario == b.scenario && a.reason == b.reason;
}
bool same(const event::RunEnd& a, const event::RunEnd& b) {
  return std::tie(a.interrupted, a.took, a.peak_memory_kib) == std::tie(b.interrupted, b.took, b.peak_memory_kib);
}

template <typename E>
class EveryEvent : public testing::Test {};
using Bodies = testing::Types<event::RunBegin, event::Phase, event::ScenarioBegin, event::VariantBegin,
                              event::BootBegin, event::BootEnd, event::StepBegin, event::StepEnd, event::Evidence,
                              event::Fault, event::VariantEnd, event::ScenarioEnd, event::Skipped, event::RunEnd>;
TYPED_TEST_SUITE(EveryEvent, Bodies);

static_assert(std::variant_size_v<event::Body> == 14, "a new event belongs into the list above");

TYPED_TEST(EveryEvent, comes_back_as_it_was_written_whatever_its_fields_hold) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    Chance chance(seed);
    const auto body = chance.body<TypeParam>();
    const EventTime time(std::chrono::microseconds(1'700'000'000'000'000 + chance.number(0, 2'000'000'000)));
    const std::string line = to_json_line({time, body});
    ASSERT_THAT(line, testing::Not(testing::HasSubstr("\n")));
    const auto back = parse_event(line);
    ASSERT_TRUE(back) << back.error().to_string() << "\n" << line;
    EXPECT_EQ(back->time, time);
    const auto* parsed = std::get_if<TypeParam>(&back->body);
    ASSERT_TRUE(parsed) << line;
    ASSERT_TRUE(same(*parsed, body)) << line;
  }
}

TEST(EventCodec, a_line_is_readable_json_with_time_and_name_first) {
  const Event event{EventTime(std::chrono::microseconds(1'700'000'000'000'005)),
                    event::BootEnd{{ScenarioId("a/b"), "main", 1, 0}, "agent", "", milliseconds(1900)}};
  EXPECT_EQ(
      to_json_line(event),
      R"({"time":"2023-11-14T22:13:20.000005Z","event":"boot_end","scenario":"a/b","variant":"main","round":1,"boot":0,)"
      R"("outcome":"agent","detail":"","took_ms":1900})");
}

std::string problem(std::string_view line) {
  auto event = parse_event(line);
  if (event) return "parsed";
  EXPECT_EQ(event.error().kind(), ErrorKind::bad_input);
  return event.error().to_string();
}

TEST(EventCodec, says_what_is_wrong_with_a_line) {
  const std::string time = R"({"time":"2023-11-14T22:13:20.000005Z",)";
  EXPECT_EQ(problem("[1]"), "expected a JSON object, found '[1]'");
  EXPECT_EQ(problem(R"({"event":"run_end"})"), "field 'time' is missing");
  EXPECT_EQ(problem(R"({"time":"yesterday","event":"run_end"})"),
            "field 'time': expected YYYY-MM-DDThh:mm:ss.uuuuuuZ, found 'yesterday'");
  EXPECT_EQ(problem(time + R"("event":"tea"})"), "unknown event 'tea'");
  EXPECT_EQ(problem(time + R"("event":"run_end","interrupted":false})"), "event 'run_end': field 'took_ms' is missing");
  EXPECT_EQ(problem(time + R"("event":"run_end","interrupted":0,"took_ms":1})"),
            "event 'run_end': field 'interrupted' has the wrong type or range (number)");
  EXPECT_EQ(
      problem(time +
              R"("event":"boot_begin","scenario":"a","variant":"main","round":4294967296,"boot":0,"machine":""})"),
      "event 'boot_begin': field 'round' has the wrong type or range (number)");
  EXPECT_EQ(problem(time + R"("event":"skipped","scenario":"a","reason":{"hex":"0g"}})"),
            "event 'skipped': field 'reason' has the wrong type or range (object)");
}

TEST(EventCodec, a_field_of_a_later_version_is_passed_over) {
  EXPECT_EQ(
      problem(R"({"time":"2023-11-14T22:13:20.000005Z","event":"run_end","interrupted":false,"took_ms":1,"new":[{}]})"),
      "parsed");
}

TEST(EventCodec, deep_nesting_is_an_error_and_no_crash) {
  EXPECT_THAT(problem(std::string(200'000, '[')), testing::StartsWith("expected a JSON object"));
}

TEST(EventStream, drops_a_last_line_that_was_cut_short) {
  const std::string line = to_json_line({EventTime(), event::RunEnd{}});
  for (std::size_t cut = 1; cut < line.size(); ++cut) {
    const auto events = parse_events(line + "\n" + line.substr(0, cut));
    ASSERT_TRUE(events);
    EXPECT_EQ(events->size(), 1u);
  }
  EXPECT_EQ(parse_events(line + "\n" + line)->size(), 2u) << "a whole last line counts, newline or not";
  EXPECT_EQ(parse_events("")->size(), 0u);
}

TEST(EventStream, any_other_bad_line_is_an_error_with_its_number) {
  const std::string line = to_json_line({EventTime(), event::RunEnd{}});
  const auto events = parse_events(line + "\n" + line.substr(0, 20) + "\n" + line + "\n");
  ASSERT_FALSE(events);
  EXPECT_THAT(events.error().to_string(), testing::StartsWith("line 2: "));
}

}  // namespace
}  // namespace diglab
