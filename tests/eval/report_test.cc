#include "libra/eval/report.h"

#include <gtest/gtest.h>

#include "toy.h"

namespace libra::eval {
namespace {

size_t occurrences(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(Report, IsOneFileWithAFigureForEveryTask) {
  RolloutRequest request = toy_request();
  request.make_policy = [] { return std::make_unique<ToyPolicy>(/*deaf=*/true); };
  const RolloutOutcome outcome = run_rollouts(request);
  Results results = make_results(request, outcome);
  results.command = "libra eval --out \"<a & b>\"";
  const std::string html = to_html(results, outcome, {.title = "Toy <suite>"});
  EXPECT_EQ(occurrences(html, "http"), 0u);                          // nothing from outside
  EXPECT_EQ(occurrences(html, "src='data:image/jpeg;base64,"), 5u);  // 2 + 2 failures, 1 success
  EXPECT_EQ(occurrences(html, "class='curve'"), 3u * 4u);            // x, y, z, gripper per task
  EXPECT_EQ(occurrences(html, "<circle"), outcome.episodes.size());
  EXPECT_NE(html.find("&lt;a &amp; b&gt;"), std::string::npos);
  EXPECT_EQ(html.find("Toy <suite>"), std::string::npos);
  EXPECT_EQ(occurrences(html, "<svg"), occurrences(html, "</svg>"));
  EXPECT_EQ(occurrences(html, "<div"), occurrences(html, "</div>"));
  EXPECT_EQ(html.find("nan"), std::string::npos);
}

TEST(Report, SurvivesARunThatWasStoppedAtOnce) {
  const RolloutRequest request = toy_request();
  RolloutOutcome nothing;
  nothing.complete = false;
  const std::string html = to_html(make_results(request, nothing), nothing, {});
  EXPECT_NE(html.find("stopped before its end"), std::string::npos);
  EXPECT_EQ(html.find("nan"), std::string::npos);
}

TEST(Report, ListsVariations) {
  RolloutRequest request = toy_request();
  EXPECT_EQ(to_html(make_results(request, run_rollouts(request)), run_rollouts(request), {})
                .find("By perturbation"),
            std::string::npos);
  request.variations = {{"wind:2", "perturbation"}, {"stuck", "perturbation"}};
  const RolloutOutcome outcome = run_rollouts(request);
  const std::string html = to_html(make_results(request, outcome), outcome, {});
  const size_t section = html.find("By perturbation");
  ASSERT_NE(section, std::string::npos);
  EXPECT_NE(html.find("<td>wind:2</td>", section), std::string::npos);
  EXPECT_NE(html.find("<td>stuck</td>", section), std::string::npos);
  EXPECT_NE(html.find("0 / 21", section), std::string::npos);
}

}  // namespace
}  // namespace libra::eval
