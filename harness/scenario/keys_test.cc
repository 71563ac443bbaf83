// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/keys.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "base/source_directory.h"
#include "os/files.h"

namespace diglab {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::UnorderedElementsAreArray;

class TheSchema : public testing::Test {
 protected:
  void SetUp() override {
    auto text = read_file(source_directory() / "scenarios/schema.json");
    ASSERT_TRUE(text);
    definitions = json::parse(*text).at("$defs");
  }
  std::vector<std::string> strings(const json& list) { return list.get<std::vector<std::string>>(); }
  json definitions;
};

TEST_F(TheSchema, has_the_keys_of_the_parser_and_no_others) {
  for (const auto* table : keys::all()) {
    std::string object(table->object);
    ASSERT_TRUE(definitions.contains(object)) << object;
    const auto& definition = definitions.at(object);
    std::vector<std::string> keys;
    for (const auto& [key, value] : definition.at("properties").items()) keys.push_back(key);
    EXPECT_THAT(keys, UnorderedElementsAreArray(table->keys)) << object;
    EXPECT_EQ(definition.at("additionalProperties"), false) << object;
    auto required = definition.contains("required") ? strings(definition.at("required")) : std::vector<std::string>{};
    EXPECT_THAT(required, UnorderedElementsAreArray(table->required)) << object;
  }
}

TEST_F(TheSchema, has_the_words_of_the_parser_and_no_others) {
  for (const auto* table : words::all()) {
    std::string name(table->name);
    ASSERT_TRUE(definitions.contains(name)) << name;
    EXPECT_THAT(strings(definitions.at(name).at("enum")), UnorderedElementsAreArray(table->words)) << name;
  }
}

TEST_F(TheSchema, describes_no_object_that_the_parser_does_not_know) {
  for (const auto& [name, definition] : definitions.items()) {
    if (!definition.contains("properties")) continue;
    auto same = [&](const KeyTable* table) { return table->object == name; };
    EXPECT_TRUE(std::ranges::any_of(keys::all(), same)) << name;
  }
}

TEST(TheGuide, explains_every_key_and_word) {
  auto guide = read_file(source_directory() / "docs/writing-a-scenario.md");
  ASSERT_TRUE(guide);
  for (const auto* table : keys::all()) {
    for (auto key : table->keys) EXPECT_THAT(*guide, HasSubstr("`" + std::string(key) + "`")) << table->object;
  }
  for (const auto* table : words::all()) {
    for (auto word : table->words) EXPECT_THAT(*guide, HasSubstr("`" + std::string(word) + "`")) << table->name;
  }
}

}  // namespace
}  // namespace diglab
