#include "libra/serving/connection_view.h"

#include "libra/action/codec.h"
#include "libra/serving/service.h"
#include "libra/serving/wire.h"

namespace libra::serving {
namespace {

constexpr size_t kPictureBytes = size_t{2} << 20;  // of a connection

}  // namespace

ConnectionView::ConnectionView(const Service& service, const std::string& name)
    : service_(service) {
  if (service.options().inspector == nullptr) return;
  view_ = std::make_shared<Viewpoint>(name, kPictureBytes);
  service.options().inspector->add(view_);
}

void ConnectionView::answered(const Work& work, double total_ms) {
  if (view_ == nullptr) return;
  step_ = work.observation.step;
  if (work.fresh || !begun_) {
    const ScheduleConfig& schedule = service_.options().schedule;
    const bool single = schedule.schedule == ScheduleKind::kSync;
    view_->begin(EpisodeLog(service_.spec(), service_.codec().binner(service_.spec().bins),
                            {.suite = {},
                             .task = work.mark.task.value_or(""),
                             .instruction = printable(work.instruction, 400),
                             .schedule = word_of(schedule.schedule),
                             .episode = work.mark.episode.value_or(0),
                             .max_steps = 0,
                             .plan_chunks = single ? 1 : schedule.expansion}));
    begun_ = true;
  }
  if (!service_.options().inspector->watched()) return;
  const Rows<float> actions = service_.codec().encode(work.chunk.actions, work.observation.proprio);
  view_->change([&](EpisodeLog& log) {
    if (work.planned) log.plan(step_, work.plan);
    log.chunk(step_, actions, work.chunk.horizon, work.has_intent ? &work.intent : nullptr);
    log.call("networks", step_, work.infer_ms);
    log.call("answer", step_, total_ms);
  });
  view_->show(step_, work.observation.images);
}

void ConnectionView::ended(bool success) {
  if (view_ == nullptr || !begun_) return;
  view_->change([&](EpisodeLog& log) {
    log.note("ended", step_, success ? "The episode ended with success." : "The episode ended.");
  });
  begun_ = false;
}

}  // namespace libra::serving
