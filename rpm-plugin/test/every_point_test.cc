// SPDX-License-Identifier: GPL-2.0-or-later
//
// Transactions, one system call after the other: what would be denied or allowed at each of them, and what is left when all is over at
// one of them. All is over at every tenth of the points in the plugin and at the names of files; DIGLIM_TEST_STRIDE=1 takes all of them. Disks
// are full at each write.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <optional>

#include "test/test_root.h"

namespace diglim::test {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// What is installed, what is done then, and what is installed when it is done.
struct Motion {
  std::string name;
  std::vector<Recipe> before;
  std::vector<std::string> words;
  std::vector<Recipe> packages;
};

void PrintTo(const Motion& motion, std::ostream* to) { *to << motion.name; }

const std::string announces = "%pre -p <lua>\nprint('pre')\n%post -p <lua>\nprint('post')\n%preun -p <lua>\nprint('preun')\n"
                              "%postun -p <lua>\nprint('postun')\n%pretrans -p <lua>\nprint('pretrans')\n%posttrans -p <lua>\nprint('posttrans')\n"
                              "%triggerin -p <lua> -- tool\nprint('triggerin')\n%triggerun -p <lua> -- tool\nprint('triggerun')\n"
                              "%triggerpostun -p <lua> -- tool\nprint('triggerpostun')\n%filetriggerin -p <lua> -- /opt\nprint('filetriggerin')\n"
                              "%filetriggerun -p <lua> -- /opt\nprint('filetriggerun')\n%transfiletriggerin -p <lua> -- /opt\nprint('transfiletriggerin')\n"
                              "%transfiletriggerun -p <lua> -- /opt\nprint('transfiletriggerun')\n";

Recipe tool(const std::string& version) {
  return {.name = "tool",
          .version = version,
          .files = {{"/opt/tool", "tool " + version}, {"/opt/tool-helper", "helper " + version}, {"/opt/tool-data", "never changes"}},
          .sections = announces};
}
Recipe rebuilt_tool() {
  auto recipe = tool("1");
  recipe.files["/opt/tool"] = "tool 1, rebuilt";
  return recipe;
}
Recipe lib(const std::string& version) {
  return {.name = "lib", .version = version, .files = {{"/opt/lib", "lib " + version}, {"/opt/lib-same", "never changes"}}, .sections = announces};
}
Recipe same(const std::string& version) { return {.name = "same", .version = version, .files = {{"/opt/same", "always the same"}}}; }

/// Without scriptlets, around which rpm before 6.1 calls the hooks of packages, too.
Recipe quiet(const std::string& version) {
  return {.name = "quiet", .version = version, .files = {{"/opt/quiet-1", "first " + version}, {"/opt/quiet-2", "second " + version}}};
}

std::vector<Motion> motions() {
  return {{"install", {lib("1")}, {"-i"}, {tool("1")}},
          {"upgrade", {tool("1"), lib("1"), same("1")}, {"-U"}, {tool("2"), lib("2"), same("2")}},
          {"quiet", {quiet("1"), lib("1")}, {"-U"}, {quiet("2")}},
          {"reinstall", {tool("1"), lib("1")}, {"-U", "--replacepkgs"}, {tool("1")}},
          {"rebuilt", {tool("1"), lib("1")}, {"-U", "--replacepkgs"}, {rebuilt_tool()}},
          {"erase", {tool("1"), lib("1")}, {"-e", "tool"}, {}}};
}

/// Looks at a root while a transaction runs in it.
class Watch {
 public:
  Watch(const TestRoot& root, const std::vector<std::vector<Recipe>>& allowed) : root_(root) {
    for (const auto& recipes : allowed)
      for (const auto& recipe : recipes)
        for (const auto& [path, content] : recipe.files) {
          allowed_.insert(sha256_of(content));
          paths_.insert(path);
        }
  }

  void look(const Call& call) {
    const auto known = root_.known();
    for (const auto& path : paths_) {
      const fs::path file = root_.path() / path.substr(1);
      if (fs::exists(file) && !known.contains(sha256_of(content_of(file)))) deny(path, call);
    }
    for (const auto& digest : known)
      if (!allowed_.contains(digest)) extra_.push_back(call.to_string());
  }

  /// One line for each file that was denied: from where to where, and how long.
  [[nodiscard]] std::vector<std::string> windows() const {
    std::vector<std::string> lines;
    for (const auto& [path, window] : denied_) {
      const auto time = std::chrono::duration<double, std::milli>(window.end - window.start).count();
      lines.push_back(path + " denied from " + window.first.to_string() + " to " + window.last.to_string() + ": " +
                      std::to_string(window.last.point - window.first.point + 1) + " calls, " + std::to_string(time) + " ms");
    }
    return lines;
  }
  [[nodiscard]] const std::vector<std::string>& extra() const { return extra_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Window {
    Call first, last;
    Clock::time_point start, end;
  };

  void deny(const std::string& path, const Call& call) {
    auto& window = denied_.try_emplace(path, Window{call, call, Clock::now(), {}}).first->second;
    window.last = call;
    window.end = Clock::now();
  }

  const TestRoot& root_;
  std::set<std::string> allowed_, paths_;
  std::map<std::string, Window> denied_;
  std::vector<std::string> extra_;
};

bool needs_space(const TestRoot& root, const Call& call) {
  return call.path.starts_with(root.path().native() + "/") && call.name != "unlink" && call.name != "sync" && call.name != "hook";
}

bool changes_names(const Call& call) { return call.name == "rename" || call.name == "unlink" || call.name == "link"; }

bool of_names_lists_or_kernel(const TestRoot& root, const Call& call) {
  return changes_names(call) || call.path.starts_with(root.lists().native()) || call.path.starts_with(root.kernel().native());
}

class EveryPointTest : public testing::TestWithParam<Motion> {
 protected:
  void SetUp() override {
    std::vector<std::string> words{"-i"};
    for (const auto& recipe : GetParam().before) words.push_back(package(recipe));
    const auto result = run(start.rpm(words));
    ASSERT_EQ(result.status, 0) << result.output;
    installed_before = start.installed();
    TestRoot other;
    other.copy(start);
    ASSERT_EQ(run(command(other)).status, 0);
    installed_after = other.installed();
  }

  [[nodiscard]] std::vector<std::string> command(const TestRoot& root) const {
    auto words = GetParam().words;
    for (const auto& recipe : GetParam().packages) words.push_back(package(recipe));
    return root.rpm(words);
  }
  [[nodiscard]] Watch watch(const TestRoot& root) const { return {root, {GetParam().before, GetParam().packages}}; }

  /// The calls at which something is worth ending: the plugin's, and those with which files get or lose their names.
  std::vector<Call> all_points(const std::function<bool(const TestRoot&, const Call&)>& wanted) {
    TestRoot root;
    root.copy(start);
    std::vector<Call> found;
    (void)run_stepped(command(root), {.before = [&](const Call& call) {
      if (wanted(root, call)) found.push_back(call);
      return Then::go_on;
    }});
    return found;
  }
  std::vector<Call> points(const std::function<bool(const TestRoot&, const Call&)>& wanted) {
    const auto found = all_points(wanted);
    const char* text = std::getenv("DIGLIM_TEST_STRIDE");
    const std::size_t stride = text != nullptr ? std::strtoul(text, nullptr, 10) : 10;
    std::vector<Call> some;
    for (std::size_t i = 0; i < found.size(); i += stride) some.push_back(found[i]);
    return some;
  }

  /// A full disk can leave rpm's database with the same package twice.
  [[nodiscard]] static std::set<std::string> names_of_installed(const TestRoot& root) {
    const auto all = root.installed();
    return {all.begin(), all.end()};
  }

  /// All that was promised for afterwards.
  void expect_repaired(const TestRoot& root, const std::string& where) {
    const auto repaired = run(root.reconcile());
    Watch seen = watch(root);
    seen.look({});
    EXPECT_THAT(seen.windows(), IsEmpty()) << where << repaired.output;
    // Files that rpm has put in place, but not the package into its database, can only be completed.
    if (repaired.output.find("files of it are in place") != std::string::npos) return;
    EXPECT_EQ(repaired.status, 0) << where << repaired.output;
    EXPECT_THAT(root.installed(), testing::SizeIs(testing::Ge(1u))) << where;
    const auto installed = names_of_installed(root);
    const auto once = root.known();
    TestRoot other;
    other.copy(root);
    other.reboot();
    EXPECT_EQ(once, other.known()) << where;
    for (const auto& name : root.listed())
      EXPECT_TRUE(name.starts_with(".rpm/old/") || installed.contains(name)) << where << name;
    EXPECT_GE(root.listed().size(), installed.size()) << where;
  }

  void expect_done_again(const TestRoot& root, const std::string& where) {
    // In the same second rpm would give new files the temporary names of those that it left.
    std::vector<fs::path> left;
    for (const auto& entry : fs::directory_iterator(root.path() / "opt"))
      if (entry.path().native().find(';') != std::string::npos) left.push_back(entry);
    for (const auto& path : left) fs::remove(path);
    // rpm takes no package that is installed already, even if an older one of its name is still there.
    auto words = command(root);
    if (GetParam().words[0] != "-e") words.push_back("--replacepkgs");
    const auto again = run(words);
    EXPECT_THAT(names_of_installed(root), testing::ElementsAreArray(installed_after)) << where << again.output;
    expect_repaired(root, where + "and done again\n");
    EXPECT_FALSE(fs::exists(root.lists() / ".rpm/journal")) << where;
  }

  TestRoot start;
  std::vector<std::string> installed_before, installed_after;
};

TEST_P(EveryPointTest, nothing_is_denied_and_nothing_else_is_allowed) {
  Watch seen = watch(start);
  unsigned looks = 0;
  const auto result = run_stepped(command(start), {.after = [&](const Call& call) {
    if (!changes_names(call) && call.name != "start") return;
    seen.look(call);
    ++looks;
  }});
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_GT(looks, 4u);
  EXPECT_THAT(seen.windows(), IsEmpty());
  EXPECT_THAT(seen.extra(), IsEmpty());
  EXPECT_EQ(start.installed(), installed_after);
  RecordProperty("points", static_cast<int>(result.points));
}

TEST_P(EveryPointTest, lists_are_on_disk_before_they_have_names_and_before_the_kernel_has_them) {
  const std::string lists = start.lists(), fresh = lists + "/.rpm/new/", journal = lists + "/.rpm/journal";
  bool unwritten = false, unnamed = false, has_journal = false, unsynced_files = false;
  const auto result = run_stepped(command(start), {.before = [&](const Call& call) {
    const bool is_list = call.path.starts_with(lists + "/0-");
    const bool is_packaged = call.path.starts_with(start.path().native() + "/opt/");
    if (call.path.starts_with(fresh) && call.name == "write") unwritten = true;
    if (is_list && (call.name == "open" || call.name == "write")) ADD_FAILURE() << call.to_string() << ": a list is written in place";
    if (call.name == "rename" && call.path == journal) has_journal = true;
    if (call.name == "unlink" && call.path == journal) has_journal = false;
    if (call.name == "sync" && call.path == lists) unwritten = unnamed = false;
    if (is_list && changes_names(call)) {
      EXPECT_FALSE(unwritten && call.name == "rename") << call.to_string() << ": its content is not on disk";
      unnamed |= call.name == "rename";
    }
    EXPECT_TRUE(has_journal || !changes_names(call) || !(is_list || is_packaged)) << call.to_string() << ": no journal tells of it";
    EXPECT_FALSE(unnamed && call.name == "start") << call.to_string() << ": a list's name is not on disk";
    // The parser starts after them only to delete, and a list has left the directory before.
    unsynced_files = (unsynced_files || (is_packaged && call.name == "rename")) && !(call.name == "sync" && call.path.empty());
    const bool leaves = call.name == "start" || (call.name == "rename" && call.path.starts_with(lists + "/.rpm/old/"));
    EXPECT_FALSE(unsynced_files && leaves) << call.to_string() << ": what the packages brought is not on disk";
    return Then::go_on;
  }});
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_FALSE(has_journal);
}

TEST_P(EveryPointTest, killed_anywhere_it_can_be_repaired_and_done_again) {
  const auto all = points(of_names_lists_or_kernel);
  EXPECT_GT(all.size(), 0u);
  for (std::size_t i = 0; i < all.size(); ++i) {
    TestRoot root;
    root.copy(start);
    const std::string where = "killed at " + all[i].to_string() + "\n";
    const auto killed = run_stepped(command(root), {.before = [&](const Call& call) {
      return call.point >= all[i].point ? Then::kill_all : Then::go_on;
    }});
    EXPECT_EQ(killed.status, 128 + 9) << where;
    const bool reboots = i % 2 == 1;
    if (reboots) root.reboot();
    Watch seen = watch(root);
    seen.look(all[i]);
    EXPECT_THAT(seen.windows(), IsEmpty()) << where << (reboots ? "after a reboot" : "");
    EXPECT_THAT(seen.extra(), IsEmpty()) << where;
    expect_repaired(root, where);
    expect_done_again(root, where);
    if (HasFailure()) return;
  }
}

/// As by a terminal: rpm and all that it started get the signal.
TEST_P(EveryPointTest, interrupted_anywhere_it_ends_as_it_says_and_can_be_done_again) {
  const auto all = points(of_names_lists_or_kernel);
  EXPECT_GT(all.size(), 0u);
  for (const auto& point : all) {
    TestRoot root;
    root.copy(start);
    const std::string where = "interrupted at " + point.to_string() + "\n";
    const auto result = run_stepped(command(root), {.before = [&](const Call& call) { return call.point == point.point ? Then::interrupt_all : Then::go_on; }});
    Watch seen = watch(root);
    seen.look(point);
    EXPECT_THAT(seen.windows(), IsEmpty()) << where << result.output;
    EXPECT_THAT(seen.extra(), IsEmpty()) << where;
    // It can end before anything began, be refused, or be done; it is not ended in the middle.
    EXPECT_THAT(root.installed(), testing::AnyOf(installed_before, installed_after)) << where << result.output;
    EXPECT_TRUE(!fs::exists(root.lists() / ".rpm/journal") || result.output.find("not everything could be settled") != std::string::npos) << where << result.output;
    expect_repaired(root, where + result.output);
    if (root.installed() != installed_after) (void)run(command(root));
    EXPECT_EQ(root.installed(), installed_after) << where;
    expect_repaired(root, where + "and done again\n");
    if (HasFailure()) return;
  }
}

TEST_P(EveryPointTest, with_a_full_disk_at_any_write_it_is_refused_or_done) {
  const auto all = all_points([](const TestRoot& root, const Call& call) {
    return call.path.starts_with(root.lists().native()) && needs_space(root, call);
  });
  EXPECT_GT(all.size(), 0u);
  for (const auto& point : all) {
    TestRoot root;
    root.copy(start);
    const std::string where = "no space at " + point.to_string() + "\n";
    const auto result = run_stepped(command(root), {.before = [&](const Call& call) {
      return call.point == point.point ? Then::fail_with_enospc : Then::go_on;
    }});
    EXPECT_THAT(result.output, HasSubstr("No space left on device")) << where;
    EXPECT_EQ(root.installed(), result.status == 0 ? installed_after : installed_before) << where << result.output;
    Watch seen = watch(root);
    seen.look(point);
    EXPECT_THAT(seen.windows(), IsEmpty()) << where;
    expect_repaired(root, where + result.output);
    if (HasFailure()) return;
  }
}

/// Also where rpm writes: files of packages, its database. What it then says is its affair.
TEST_P(EveryPointTest, with_a_disk_that_is_full_once_or_stays_so_it_can_be_repaired_and_done_again) {
  const auto all = points(needs_space);
  EXPECT_GT(all.size(), 0u);
  for (const auto& point : all) {
    for (const bool stays : {false, true}) {
      TestRoot root;
      root.copy(start);
      const std::string where = "no space at " + point.to_string() + (stays ? " and after it\n" : "\n");
      const auto result = run_stepped(command(root), {.before = [&](const Call& call) {
        return call.point == point.point || (stays && call.point > point.point && needs_space(root, call)) ? Then::fail_with_enospc : Then::go_on;
      }});
      Watch seen = watch(root);
      seen.look(point);
      EXPECT_THAT(seen.windows(), IsEmpty()) << where << result.output;
      EXPECT_THAT(seen.extra(), IsEmpty()) << where;
      expect_repaired(root, where + result.output);
      expect_done_again(root, where);
      if (HasFailure()) return;
    }
  }
}

TEST_P(EveryPointTest, the_repair_can_be_killed_and_done_again) {
  // A transaction that ended when all of its lists had been loaded, and a new one of the same name, if there is one, was in its place.
  TestRoot interrupted;
  interrupted.copy(start);
  bool loaded = false;
  (void)run_stepped(command(interrupted), {.before = [&](const Call& call) {
    loaded |= call.path.starts_with(interrupted.kernel().native()) && call.name == "rename";
    return (loaded && call.path.ends_with(".sqlite-wal")) || call.path.ends_with("/old") ? Then::kill_all : Then::go_on;
  }});
  unsigned repairs = 0;
  for (unsigned point = 0;; ++point, ++repairs) {
    TestRoot root;
    root.copy(interrupted);
    const std::string where = "killed at point " + std::to_string(point) + "\n";
    const auto result = run_stepped(root.reconcile(), {.before = [&](const Call& call) { return call.point == point ? Then::kill_all : Then::go_on; }});
    Watch seen = watch(root);
    seen.look({});
    EXPECT_THAT(seen.windows(), IsEmpty()) << where;
    expect_repaired(root, where);
    if (result.status != 128 + 9 || HasFailure()) break;
  }
  RecordProperty("repairs", static_cast<int>(repairs));
}

INSTANTIATE_TEST_SUITE_P(All, EveryPointTest, testing::ValuesIn(motions()), [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace diglim::test
