// SPDX-License-Identifier: GPL-2.0-or-later
//
// Packages that bring another diglim-parser.
#include <gmock/gmock.h>

#include "format/bytes.h"
#include "format/compact.h"
#include "test/transaction_fixture.h"

namespace diglim::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class NewParserTest : public TransactionTest {
 protected:
  /// The parser is below the root, as packages would bring it; --justdb leaves it there.
  NewParserTest() {
    fs::create_directories(root.path() / "opt");
    fs::create_symlink(root.path().parent_path() / "parser", root.path() / "opt/parser");
    root.macros.push_back("_diglim_parser " + (root.path() / "opt/parser").native());
  }
  [[nodiscard]] static Recipe parser(const std::string& version) { return {.name = "parser", .version = version, .files = {{"/opt/parser", "parser " + version}}}; }
  /// A compact list that was loaded.
  void load(Type type, const std::string& content) const {
    std::string digest(32, '\0');
    from_hex(sha256_of(content), reinterpret_cast<std::uint8_t*>(digest.data()));
    const auto list = encode({{.type = type, .modifiers = 0, .algorithm = 4, .digests = {digest}}});
    put(root.kernel() / "digest_lists_loaded" / ("sha256-" + sha256_of(list) + "-0-" + std::string(to_string(type)) + "_list-compact-" + content), list);
  }
};

TEST_F(NewParserTest, that_the_kernel_would_not_know_is_refused_until_it_has_both_lists) {
  load(Type::parser, "parser 1");
  load(Type::file, "parser 1");
  expect_done({"-i", "--justdb", package(parser("1"))});
  for (const Type type : {Type::file, Type::parser}) {
    const auto result = rpm({"-U", "--justdb", package(parser("2"))});
    EXPECT_NE(result.status, 0);
    EXPECT_THAT(result.output, HasSubstr("0-file_list-rpm-parser-2-1.noarch: the kernel would not know its /opt/parser as a parser"));
    EXPECT_THAT(root.installed(), ElementsAre("parser-1-1.noarch"));
    load(type, "parser 2");
  }
  expect_done({"-U", "--justdb", package(parser("2"))});
  EXPECT_THAT(root.installed(), ElementsAre("parser-2-1.noarch"));
}

TEST_F(NewParserTest, that_brings_its_list_itself_is_installed) {
  load(Type::parser, "parser 1");
  auto recipe = parser("2");
  recipe.files["/usr/lib/diglim/0-parser_list-compact-parser-2"] = "a list";
  EXPECT_EQ(rpm({"-i", "--justdb", package(recipe)}).status, 0);
}

TEST_F(NewParserTest, of_a_kernel_that_knows_no_parser_is_installed) {
  expect_done({"-i", "--justdb", package(parser("1"))});
  expect_done({"-U", "--justdb", package(parser("2"))});
}

}  // namespace
}  // namespace diglim::test
